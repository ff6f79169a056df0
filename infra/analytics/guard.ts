// Decides whether an analyst's query may run, by the engine's own reading of it: nothing passes that is not known to be harmless.
import { DomainError } from '../../domain/error.ts';

const longest = 20_000;

/**
 * What must hold before the text is shown to the engine at all. chDB runs every statement of a text, also those after an EXPLAIN,
 * hence no semicolon anywhere, not even in a string.
 */
export const checkText = (sql: string) => {
  if (sql.length > longest) refuse(`A query may have ${longest} characters.`);
  if (sql.includes(';')) refuse('One query, without semicolons; in a string write char(59).');
  if (sql.includes('\0')) refuse('A query is text.');
};

/** Parts of a SELECT. SETTINGS, FORMAT, INTO OUTFILE and every other statement have nodes that are not here. */
const nodes = new Set(
  `SelectWithUnionQuery SelectIntersectExceptQuery SelectQuery ExpressionList Identifier Literal Function Asterisk QualifiedAsterisk
   TablesInSelectQuery TablesInSelectQueryElement TableExpression TableIdentifier TableJoin ArrayJoin Subquery OrderByElement WithElement
   WindowDefinition WindowListElement QueryParameter`
    .trim()
    .split(/\s+/),
);

/** Functions that compute from their arguments alone. Others read files, settings, dictionaries or the server, or sleep. */
const functions = new Set(
  `plus minus multiply divide intDiv intDivOrZero modulo negate equals notEquals less greater lessOrEquals greaterOrEquals and or not xor
   in notIn globalIn globalNotIn like notLike ilike notILike match if multiIf caseWithExpression isNull isNotNull ifNull nullIf coalesce assumeNotNull
   tuple tupleElement array map mapKeys mapValues mapContains CAST _CAST lambda has hasAny hasAll indexOf empty notEmpty length lengthUTF8
   lower upper lowerUTF8 upperUTF8 concat substring substringUTF8 left right leftPad rightPad trim trimBoth trimLeft trimRight position positionCaseInsensitive
   replaceAll replaceOne replaceRegexpAll replaceRegexpOne extract splitByChar splitByString startsWith endsWith reverse format char
   abs round floor ceil trunc sqrt cbrt exp log log2 log10 pow power sign greatest least clamp cityHash64 sipHash64
   now now64 today yesterday dateDiff date_diff age dateTrunc date_trunc dateAdd dateSub formatDateTime makeDate timeSlot fromUnixTimestamp
   row_number rank dense_rank percent_rank ntile lag lead lagInFrame leadInFrame first_value last_value nth_value
   bar formatReadableQuantity transform runningDifference ignoreNulls grouping materialize identity`
    .trim()
    .split(/\s+/),
);
/** Families: aggregates with their combinators (sumIf, quantileExactWeighted, uniqState …), conversions, dates, arrays. */
const families = [
  /^(count|sum|avg|min|max|any|anyLast|uniq|quantiles?|median|groupArray|groupUniqArray|argMin|argMax|stddev|var|corr|covar|topK|windowFunnel|retention|sequenceMatch|sequenceCount|histogram|simpleLinearRegression|exponentialMovingAverage)([A-Z]\w*)?$/,
  /^to(Date|DateTime|DateTime64|Date32|String|U?Int\d+|Float\d+|Decimal\d+|Year|Quarter|Month|Week|ISOWeek|ISOYear|DayOf\w+|Hour|Minute|Second|StartOf\w+|LastDayOfMonth|Monday|YYYYMM\w*|UnixTimestamp\w*|TimeZone|Interval\w+|Relative\w+)(OrNull|OrZero|OrDefault)?$/,
  /^(add|subtract)(Years|Quarters|Months|Weeks|Days|Hours|Minutes|Seconds|Interval)$/,
  /^array[A-Z]\w*$/,
];

const isAllowed = (name: string) => functions.has(name) || families.some((family) => family.test(name));

/** Names of databases that every engine has, and of ours; the fact tables are named without one. */
const database = /^(system|information_schema|default|_temporary_and_external_tables|facts|facts_\d+)\./i;
const first = /^[^.]+/;

/**
 * Reads what EXPLAIN AST printed: one node a line, indented by depth. A text that printed something else, say by a line break in a name, is
 * refused; it could only add lines, never hide one. `others`: databases that a server has besides.
 */
export const checkTree = (tree: string, others: ReadonlySet<string> = new Set()) => {
  const lines = tree.trimEnd().split('\n');
  if (!/^SelectWithUnionQuery \(children 1\)$/.test(lines[0] ?? '')) refuse('Only a SELECT, without SETTINGS, FORMAT or INTO OUTFILE.');
  let before = '';
  for (const line of lines) {
    const [, node = '', name = ''] = /^ *([A-Za-z]+)(?: +(\S+))?/.exec(line) ?? [];
    if (!nodes.has(node)) refuse(`A query may not contain ${node || 'this'}.`);
    if (node === 'Function' && before === 'TableExpression') refuse(`Table functions may not be used: ${name}.`);
    if (node === 'Function' && !isAllowed(name)) refuse(`The function ${name} may not be used.`);
    if (node === 'TableIdentifier' && name.includes('.')) refuse(`Name the table without a database: ${name}.`);
    if (node === 'Identifier' && (database.test(name) || (name.includes('.') && others.has(first.exec(name)?.[0] ?? ''))))
      refuse(`Only the fact tables may be read: ${name}.`);
    before = node;
  }
};

const refuse = (reason: string) => {
  throw new DomainError('analytics.query_refused', reason);
};
