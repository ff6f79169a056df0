// Compares what a route answers with what the API document says that it does.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Document, Operation } from '../../infra/http/openapi.ts';

export interface Answered {
  readonly method: string;
  /** With its query string, if it had one. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

interface Template {
  readonly method: string;
  readonly path: string;
  readonly pattern: RegExp;
  readonly operation: Operation;
}

const escaped = (text: string) => text.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
const pointer = (text: string) => text.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');

const templatesOf = ({ paths }: Document): Template[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      // The first of several that fit is the one that answers, as among the routes.
      pattern: new RegExp(`^${escaped(path).replace(/\{\w+\}/g, '[^/]+')}$`),
      operation,
    })),
  );

/** Reads an answer against `document`: what is wrong with it in one sentence, or null. Answers of no route are none of its business. */
export const documentedIn = (document: Document) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'document');
  const templates = templatesOf(document);
  const compiled = new Map<string, ValidateFunction>();
  const validatorOf = (at: string): ValidateFunction => {
    const known = compiled.get(at) ?? ajv.compile({ $ref: `document#${at}` });
    compiled.set(at, known);
    return known;
  };

  const faultOf = ({ operation, path, method }: Template, { status, headers, text }: Answered): string | null => {
    const response = operation.responses[String(status)];
    const problem = headers.get('content-type')?.startsWith('application/problem+json') ? (JSON.parse(text) as { code: string }) : null;
    if (!response) return `answers ${status}${problem ? ` ${problem.code}` : ''}, which is not documented`;
    if (problem) {
      const codes = response['x-codes'] as readonly string[] | undefined;
      return codes?.includes(problem.code) ? null : `answers ${status} ${problem.code}, which is not among its codes`;
    }
    const { content = {} } = response as { content?: Record<string, unknown> };
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    if (text === '' && Object.keys(content).length === 0) return null;
    if (!Object.hasOwn(content, type)) return `answers ${type || 'nothing'}, not ${Object.keys(content).join(' or ') || 'nothing'}`;
    if (type !== 'application/json') return null;
    const at = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'];
    const validate = validatorOf(at.map((part) => `/${pointer(part)}`).join(''));
    return validate(JSON.parse(text)) ? null : `answers ${text.slice(0, 2_000)}, but ${ajv.errorsText(validate.errors)}`;
  };

  return (answered: Answered): string | null => {
    const path = answered.path.split('?')[0] ?? '';
    const template = templates.find(({ method, pattern }) => method === answered.method && pattern.test(path));
    const fault = template ? faultOf(template, answered) : null;
    return fault && `${answered.method} ${template?.path} ${fault}`;
  };
};

/** The same of a server that answers its document, asked once. */
export const documentedBy = (ask: () => Response | Promise<Response>) => {
  let asked: Promise<ReturnType<typeof documentedIn>> | undefined;
  return async (answered: Answered): Promise<void> => {
    asked ??= Promise.resolve(ask()).then(async (response) => {
      if (!response.ok) throw new Error(`The API document is answered ${response.status}.`);
      return documentedIn((await response.json()) as Document);
    });
    const fault = (await asked)(answered);
    if (fault !== null) throw new Error(fault);
  };
};
