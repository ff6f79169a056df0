// What our mails say, in Indonesian and English. Rendered when a mail is read or handed over, never stored.
import { exponents, type Money } from '../../domain/money.ts';
import type { Sealed } from '../../domain/privacy.ts';
import type { Mail, MailLanguage, RenderedMail } from './mail.port.ts';

export interface Rendering {
  /** Opens a seal: the value, or '[erased]'. At once or as a promise. */
  readonly open: (sealed: Sealed) => unknown;
  /** Where the storefront is, without a slash at the end. */
  readonly storeUrl: string;
  /** IANA name, for times in the text. */
  readonly timeZone: string;
}

const locales: Record<MailLanguage, string> = { en: 'en-GB', id: 'id-ID' };

const price = ({ amount, currency }: Money, language: MailLanguage): string => {
  const digits = exponents[currency];
  const format = { style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(locales[language], format).format(amount / 10 ** digits);
};

const moment = (instant: string, language: MailLanguage, timeZone: string): string =>
  new Intl.DateTimeFormat(locales[language], { dateStyle: 'long', timeStyle: 'short', timeZone }).format(new Date(instant));

/** A link with a secret behind `#`: browsers do not send that part, so it stands in no server's log. */
const secretLink = (storeUrl: string, page: string, token: string) => `${storeUrl}/${page}#token=${encodeURIComponent(token)}`;

/** Who has an account signs in to see an order; a guest has the link. */
const orderPage = (storeUrl: string, orderId: string, token: string) =>
  token === '' ? `${storeUrl}/orders/${orderId}` : secretLink(storeUrl, 'purchase', token);

interface Words {
  readonly subject: string;
  readonly lines: readonly string[];
}

const inEnglish = (mail: Mail, token: string, { storeUrl, timeZone }: Rendering): Words => {
  switch (mail.template) {
    case 'password_reset':
      return {
        subject: 'Choose a new password',
        lines: [
          'Somebody asked for a new password for your account. If it was you, follow this link:',
          secretLink(storeUrl, 'reset-password', token),
          `It works once, until ${moment(mail.data.expiresAt, 'en', timeZone)}. If it was not you, do nothing: your password stays as it is.`,
        ],
      };
    case 'verify_email':
      return {
        subject: 'Confirm your e-mail address',
        lines: [
          'Follow this link to confirm that this address is yours:',
          secretLink(storeUrl, 'verify-email', token),
          `It works until ${moment(mail.data.expiresAt, 'en', timeZone)}.`,
        ],
      };
    case 'purchase_link':
      return {
        subject: 'Your purchase',
        lines: [
          'This link shows your purchase, how to pay it, and what becomes of it:',
          secretLink(storeUrl, 'purchase', token),
          `It works until ${moment(mail.data.expiresAt, 'en', timeZone)}. Whoever has it can see this purchase: do not pass it on.`,
        ],
      };
    case 'order_confirmed':
      return {
        subject: `Order ${mail.data.orderId} is confirmed`,
        lines: [
          `We told the seller to prepare your order of ${price(mail.data.total, 'en')}.`,
          orderPage(storeUrl, mail.data.orderId, token),
        ],
      };
    case 'order_shipped':
      return {
        subject: `Order ${mail.data.orderId} is on its way`,
        lines: [
          `${mail.data.courier} carries it with tracking number ${mail.data.trackingNumber}.`,
          orderPage(storeUrl, mail.data.orderId, token),
        ],
      };
    case 'order_delivered':
      return {
        subject: `Order ${mail.data.orderId} was delivered`,
        lines: ['If something is wrong with it, ask for a return on this page:', orderPage(storeUrl, mail.data.orderId, token)],
      };
    case 'order_cancelled':
      return {
        subject: `Order ${mail.data.orderId} was cancelled`,
        lines: [
          `Reason: ${mail.data.reason}.`,
          'What you have paid for it will be refunded.',
          orderPage(storeUrl, mail.data.orderId, token),
        ],
      };
    case 'order_refunded':
      return {
        subject: `A refund for order ${mail.data.orderId}`,
        lines: [`${price(mail.data.amount, 'en')} is on its way back to you.`, orderPage(storeUrl, mail.data.orderId, token)],
      };
    case 'shop_invitation':
      return {
        subject: 'You are invited to work in a shop',
        lines: [
          `The shop “${mail.data.storeName}” asks you to work in it. Nothing changes unless you accept here, once you have signed in:`,
          `${storeUrl}/account/invitations/${mail.data.sellerId}`,
          `The invitation is good until ${moment(mail.data.expiresAt, 'en', timeZone)}. If you do not know this shop, do nothing.`,
        ],
      };
    default:
      return mail satisfies never;
  }
};

const inIndonesian = (mail: Mail, token: string, { storeUrl, timeZone }: Rendering): Words => {
  switch (mail.template) {
    case 'password_reset':
      return {
        subject: 'Buat kata sandi baru',
        lines: [
          'Ada permintaan kata sandi baru untuk akun Anda. Jika itu Anda, buka tautan ini:',
          secretLink(storeUrl, 'reset-password', token),
          `Tautan berlaku satu kali, sampai ${moment(mail.data.expiresAt, 'id', timeZone)}. Jika bukan Anda, abaikan saja: kata sandi Anda tidak berubah.`,
        ],
      };
    case 'verify_email':
      return {
        subject: 'Konfirmasi alamat email Anda',
        lines: [
          'Buka tautan ini untuk memastikan bahwa alamat ini milik Anda:',
          secretLink(storeUrl, 'verify-email', token),
          `Tautan berlaku sampai ${moment(mail.data.expiresAt, 'id', timeZone)}.`,
        ],
      };
    case 'purchase_link':
      return {
        subject: 'Pembelian Anda',
        lines: [
          'Tautan ini menampilkan pembelian Anda, cara membayarnya, dan perkembangannya:',
          secretLink(storeUrl, 'purchase', token),
          `Tautan berlaku sampai ${moment(mail.data.expiresAt, 'id', timeZone)}. Siapa pun yang memilikinya dapat melihat pembelian ini: jangan dibagikan.`,
        ],
      };
    case 'order_confirmed':
      return {
        subject: `Pesanan ${mail.data.orderId} sudah dikonfirmasi`,
        lines: [
          `Penjual sudah kami minta menyiapkan pesanan Anda senilai ${price(mail.data.total, 'id')}.`,
          orderPage(storeUrl, mail.data.orderId, token),
        ],
      };
    case 'order_shipped':
      return {
        subject: `Pesanan ${mail.data.orderId} sedang dikirim`,
        lines: [
          `Dikirim dengan ${mail.data.courier}, nomor resi ${mail.data.trackingNumber}.`,
          orderPage(storeUrl, mail.data.orderId, token),
        ],
      };
    case 'order_delivered':
      return {
        subject: `Pesanan ${mail.data.orderId} sudah sampai`,
        lines: ['Jika ada yang tidak sesuai, ajukan pengembalian di halaman ini:', orderPage(storeUrl, mail.data.orderId, token)],
      };
    case 'order_cancelled':
      return {
        subject: `Pesanan ${mail.data.orderId} dibatalkan`,
        lines: [
          `Alasan: ${mail.data.reason}.`,
          'Dana yang sudah Anda bayarkan akan dikembalikan.',
          orderPage(storeUrl, mail.data.orderId, token),
        ],
      };
    case 'order_refunded':
      return {
        subject: `Pengembalian dana pesanan ${mail.data.orderId}`,
        lines: [`${price(mail.data.amount, 'id')} sedang dikembalikan kepada Anda.`, orderPage(storeUrl, mail.data.orderId, token)],
      };
    case 'shop_invitation':
      return {
        subject: 'Anda diundang bekerja di sebuah toko',
        lines: [
          `Toko “${mail.data.storeName}” mengundang Anda bekerja di sana. Tidak ada yang berubah sebelum Anda menerimanya di sini setelah masuk:`,
          `${storeUrl}/account/invitations/${mail.data.sellerId}`,
          `Undangan berlaku sampai ${moment(mail.data.expiresAt, 'id', timeZone)}. Jika Anda tidak mengenal toko ini, abaikan saja.`,
        ],
      };
    default:
      return mail satisfies never;
  }
};

const greetings: Record<MailLanguage, string> = { en: 'Hello', id: 'Halo' };

export const renderMail = async (mail: Mail, rendering: Rendering): Promise<RenderedMail> => {
  const opened = async (sealed: Sealed) => String(await rendering.open(sealed));
  const token = 'token' in mail.data && mail.data.token !== undefined ? await opened(mail.data.token) : '';
  const { subject, lines } = (mail.language === 'en' ? inEnglish : inIndonesian)(mail, token, rendering);
  const greeting = mail.name === undefined ? greetings[mail.language] : `${greetings[mail.language]} ${await opened(mail.name)}`;
  return { messageId: mail.messageId, to: await opened(mail.to), subject, text: [`${greeting},`, ...lines].join('\n\n'), at: mail.at };
};
