// Passwords of at least 8 characters that head every list of leaked ones, and the first ones that an Indonesian shop's customers would think of.
const words = `
  12345678 123456789 1234567890 0123456789 0987654321 9876543210 987654321 87654321 12341234 11112222 12121212 11223344 1122334455 123123123
  123456789a a123456789 123456abc abc123456 abcd1234 abcd12345 1234abcd a1234567 a12345678 q1w2e3r4 q1w2e3r4t5 1q2w3e4r 1q2w3e4r5t 1qaz2wsx
  1qaz2wsx3edc zaq12wsx zaq1zaq1 qazwsxedc qazwsx123 qwer1234 qwerty12 qwerty123 qwerty1234 qwertyui qwertyuiop asdfghjk asdfghjkl asdf1234
  zxcvbnm1 zxcvbnm123 abcdefgh abcdefghi abc12345 aa123456 aa12345678 asd123456 password password1 password12 password123 password1234
  passw0rd p@ssw0rd p@ssword pa55word passport passwort contraseña motdepasse welcome1 welcome123 letmein1 letmein123 iloveyou iloveyou1
  iloveyou2 loveyou123 princess princess1 sunshine sunshine1 football football1 baseball baseball1 basketball superman superman1 batman123
  spiderman pokemon1 starwars trustno1 whatever computer internet samsung1 samsung123 michelle jennifer jessica1 danielle victoria charlie1
  michael1 jordan23 liverpool liverpool1 chelsea1 arsenal1 manchester barcelona realmadrid juventus dragon123 monkey123 shadow123 master123
  admin123 admin1234 admin12345 administrator adminadmin root1234 rootroot changeme changeme1 changeme123 default1 secret123 test1234
  test12345 testtest testing1 testing123 guest123 guest1234 user1234 demo1234 hello123 hello1234 helloworld football123 maverick mercedes
  midnight mustang1 corvette einstein elephant firebird garfield hercules marlboro metallic november december september february
  katasandi katasandi1 katasandi123 sandi123 sandi1234 rahasia1 rahasia123 rahasia12345 rahasiaku sayang123 sayangku sayangku1 sayangkamu
  cintaku1 cintaku123 cintakamu akucintakamu akusayangkamu indonesia indonesia1 indonesia123 indonesia45 jakarta1 jakarta123 bandung1
  bandung123 surabaya surabaya1 surabaya123 bismillah bismillah1 bismillah123 alhamdulillah assalamualaikum subhanallah muhammad muhammad1
  anakjalanan persib1933 persija1 merdeka45 merdeka1945 garuda123 tokobapak tokobapak1 tokobapak123 bapak123 belanja1 belanja123
`;

export const commonPasswords: ReadonlySet<string> = new Set(words.split(/\s+/).filter((word) => word !== ''));
