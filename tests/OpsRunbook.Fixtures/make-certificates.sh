#!/bin/sh
# Makes every sort of certificate with openssl, in the folder $1.
set -eu
cd "$1"
exec 2>make.log
set -x

# key NAME OPTION...
key() { name=$1; shift; openssl genpkey -out "$name.key" "$@"; }
# sign NAME ISSUER SUBJECT EXTENSIONS OPTION...: a certificate for NAME.key (or the usual one) of an issuer
sign() {
  name=$1; issuer=$2; subject=$3; printf '%b\n' "$4" >"$name.ext"; shift 4
  [ -e "$name.key" ] || cp p256.key "$name.key"
  openssl req -new -key "$name.key" -subj "$subject" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -CA "$issuer.pem" -CAkey "$issuer.key" -days 90 -extfile "$name.ext" -out "$name.pem" "$@"
}

authority='basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'
server='basicConstraints=CA:false\nextendedKeyUsage=serverAuth\nsubjectAltName='
named="${server}DNS:www.example.test,DNS:*.apps.example.test"

for name in root between p256 otherroot; do key "$name" -algorithm EC -pkeyopt ec_paramgen_curve:P-256; done
key p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
key rsa1024 -algorithm RSA -pkeyopt rsa_keygen_bits:1024
key rsa2048 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key rsa4096 -algorithm RSA -pkeyopt rsa_keygen_bits:4096
# Two primes of that length take a quarter of a minute to find, four shorter ones a second.
key rsa8192 -algorithm RSA -pkeyopt rsa_keygen_bits:8192 -pkeyopt rsa_keygen_primes:4
key ed25519 -algorithm ED25519

openssl req -x509 -key root.key -subj '/CN=Root' -days 3650 -out root.pem
openssl req -x509 -key otherroot.key -subj '/CN=Root' -days 3650 -out otherroot.pem
sign between root '/CN=Between' "$authority"
for name in p256 p384 rsa1024 rsa2048 rsa4096 rsa8192 ed25519; do sign "$name" root "/CN=$name" "$named"; done
sign sha1 root '/CN=sha1' "$named" -sha1
sign chained between '/CN=chained' "$named"
sign nocn root '/O=No common name' "$named"
sign nosubject root '/' "$named"
sign nosan root '/CN=nosan.example.test' 'basicConstraints=CA:false'
sign idn root '/CN=idn' "${server}DNS:xn--bcher-kva.example.test"
sign addresses root '/CN=addresses' "${server}IP:192.0.2.1,IP:2001:db8::1,DNS:addresses.example.test"
sign strange root '/CN=strange' "${server}DNS:*.top,DNS:a.*.test,DNS:*.*.example.test,DNS:xn--*.odd.example.test,DNS:*.under_score.example.test,DNS:under_score.example.test,DNS:*,DNS:a.dot.example.test.,DNS:198.51.100.7"
sign twocommon root '/CN=www.example.test/CN=example.test' 'basicConstraints=CA:false'
sign commonwild root '/CN=*.apps.example.test' 'basicConstraints=CA:false'
sign commonmail root '/CN=www.example.test' "${server}email:a@example.test"
sign commonaddress root '/CN=www.example.test' "${server}IP:192.0.2.1"
sign organization root '/O=CN=www.example.test' 'basicConstraints=CA:false'
# Two DNS names in a sequence that says it is longer than it is.
sign damagednames root '/CN=www.example.test' "basicConstraints=CA:false\nsubjectAltName=DER:30208201618201"
sign client root '/CN=client' 'basicConstraints=CA:false\nextendedKeyUsage=clientAuth\nsubjectAltName=DNS:www.example.test'
sign many root '/CN=many' "basicConstraints=CA:false\nsubjectAltName=@names\n[names]\n$(seq 1 10000 | sed 's/.*/DNS.&=name-&.many.example.test/')"
openssl req -x509 -key p256.key -subj /CN=selfsigned -addext subjectAltName=DNS:www.example.test -addext basicConstraints=critical,CA:false -days 90 -out selfsigned.pem
sign forged otherroot '/CN=forged' "$named"

# Other dates than from now on are the business of 'openssl ca'.
: >index; echo 01 >serial
cat >ca.cnf <<'CA'
[ca]
default_ca=here
[here]
database=index
new_certs_dir=.
serial=serial
default_md=sha256
policy=any
unique_subject=no
[any]
commonName=optional
CA
dated() {
  cp p256.key "$1.key"; printf '%b\n' "$named" >"$1.ext"
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
  openssl ca -batch -config ca.cnf -cert root.pem -keyfile root.key -in "$1.csr" -extfile "$1.ext" -startdate "$2" -enddate "$3" -notext -out "$1.pem"
}
at() { date -u -d "$1" +%Y%m%d%H%M%SZ; }
dated expired "$(at '-60 days')" "$(at '-1 day')"
dated future "$(at '+1 day')" "$(at '+60 days')"
dated soon "$(at '-60 days')" "$(at '+20 days')"

# The same certificate in other clothes.
cat chained.pem between.pem >fullchain.pem
cat between.pem chained.pem >wrongorder.pem
cat p256.pem expired.pem selfsigned.pem >several.pem
cat p256.pem p256.key >withkey.pem
{ printf '\357\273\277'; cat p256.pem; } >bom.pem
sed 's/$/\r/' p256.pem >crlf.pem
{ echo '# a comment'; openssl x509 -in p256.pem -text; echo 'trailing junk'; } >comments.pem
{ printf '\377\376'; iconv -f ASCII -t UTF-16LE p256.pem; } >utf16.pem
openssl x509 -in p256.pem -trustout -addtrust serverAuth -out trusted.pem
openssl x509 -in p256.pem -outform DER -out p256.der
{ cat p256.der; echo junk; } >junk.der
openssl crl2pkcs7 -nocrl -certfile fullchain.pem -out bag.p7b
openssl crl2pkcs7 -nocrl -certfile fullchain.pem -outform DER -out bag.der.p7b
openssl pkcs12 -export -in p256.pem -inkey p256.key -passout pass:sesame -out p256.p12
openssl pkcs12 -export -in rsa2048.pem -inkey rsa2048.key -passout pass: -out open.p12

# What is none.
: >empty.pem
head -c 300 p256.pem >truncated.pem
head -c 200 p256.der >truncated.der
cp rsa2048.csr request.pem
printf 'hello\n' >text.pem
head -c 2000 /dev/zero | tr '\0' 'x' >noise.pem
sed '5s/./?/' p256.pem >notbase64.pem

# Keys.
openssl pkcs8 -topk8 -in p256.key -v2 aes-256-cbc -passout pass:sesame -out p256.enc.key
openssl pkcs8 -topk8 -in rsa2048.key -v2 aes-256-cbc -passout pass:sesame -out rsa2048.enc.key
openssl pkcs8 -topk8 -in ed25519.key -v2 aes-256-cbc -passout pass:sesame -out ed25519.enc.key
openssl rsa -in rsa2048.key -traditional -aes128 -passout pass:sesame -out rsa2048.old.key
openssl rsa -in rsa2048.key -traditional -out rsa2048.rsa.key
openssl ec -in p256.key -out p256.ec.key
openssl pkey -in p256.key -outform DER -out p256.der.key
