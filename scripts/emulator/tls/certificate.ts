/** Makes X.509 certificates (RFC 5280): the ASN.1 is a library's, the cryptography is Node's. */
import { createHash, createPublicKey, generateKeyPair, randomBytes, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** A common name and how long it holds. */
export interface Subject {
  readonly commonName: string
  readonly days: number
}

/** Which names a certificate is for. */
export interface Names {
  readonly dns: readonly string[]
  readonly ip: readonly string[]
}

const DAY_MS = 86_400_000
const COMMON_NAME = '2.5.4.3'
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'

/** An authority that can vouch for the given names (and those below them) only, whoever gets hold of its key. */
export async function createRoot(subject: Subject, permitted: Names): Promise<KeyPair> {
  const { publicKey, privateKey } = await createKeys()
  const name = toName(subject.commonName)
  const extensions = [
    extension(
      id_ce_basicConstraints,
      new BasicConstraints({ cA: true, pathLenConstraint: 0 }),
      true,
    ),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign), true),
    extension(
      id_ce_nameConstraints,
      new NameConstraints({
        permittedSubtrees: new GeneralSubtrees(
          toGeneralNames(permitted).map(base => new GeneralSubtree({ base })),
        ),
      }),
      true,
    ),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(toKeyId(publicKey))),
  ]
  const certificate = signed({ subject, name, issuer: name, publicKey, extensions }, privateKey)
  return { certificate, key: privateKey }
}

/** A server's certificate for the names, signed by `root`. */
export async function createLeaf(subject: Subject, names: Names, root: KeyPair): Promise<KeyPair> {
  const { publicKey, privateKey } = await createKeys()
  const issuer = AsnConvert.parse(toDer(root.certificate), Certificate).tbsCertificate
  const issuerKey = AsnConvert.serialize(issuer.subjectPublicKeyInfo)
  const extensions = [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
    extension(id_ce_subjectAltName, new SubjectAlternativeName(toGeneralNames(names))),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(toKeyId(publicKey))),
    extension(
      id_ce_authorityKeyIdentifier,
      new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(toKeyId(issuerKey)) }),
    ),
  ]
  const name = toName(subject.commonName)
  const about = { subject, name, issuer: issuer.subject, publicKey, extensions }
  return { certificate: signed(about, root.key), key: privateKey }
}

interface About {
  readonly subject: Subject
  readonly name: Name
  readonly issuer: Name
  /** SubjectPublicKeyInfo. */
  readonly publicKey: ArrayBuffer
  readonly extensions: Extension[]
}

function signed({ subject, name, issuer, publicKey, extensions }: About, key: string): string {
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 })
  const now = Date.now()
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: toSerial(),
    signature: signatureAlgorithm,
    issuer,
    subject: name,
    // A day back, for clocks that are behind ours.
    validity: new Validity({
      notBefore: new Date(now - DAY_MS),
      notAfter: new Date(now + subject.days * DAY_MS),
    }),
    subjectPublicKeyInfo: AsnConvert.parse(publicKey, SubjectPublicKeyInfo),
    extensions: new Extensions(extensions),
  })
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), key)
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm,
    signatureValue: toArrayBuffer(signature),
  })
  return toPem(AsnConvert.serialize(certificate))
}

async function createKeys(): Promise<{ publicKey: ArrayBuffer; privateKey: string }> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'prime256v1' })
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return {
    publicKey: toArrayBuffer(publicKey),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function extension(extnID: string, value: object, critical: boolean = false): Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value))
  return new Extension({ extnID, critical, extnValue })
}

function toName(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName })
  return new Name([
    new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })]),
  ])
}

const toGeneralNames = ({ dns, ip }: Names): GeneralName[] => [
  ...dns.map(dNSName => new GeneralName({ dNSName })),
  ...ip.map(iPAddress => new GeneralName({ iPAddress })),
]

/** RFC 5280 4.2.1.2, method 1. */
function toKeyId(publicKey: ArrayBuffer): ArrayBuffer {
  const { subjectPublicKey } = AsnConvert.parse(publicKey, SubjectPublicKeyInfo)
  return toArrayBuffer(createHash('sha1').update(Buffer.from(subjectPublicKey)).digest())
}

/** RFC 5280 4.1.2.2: positive, at most 20 bytes. */
function toSerial(): ArrayBuffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return toArrayBuffer(bytes)
}

const toArrayBuffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

const toDer = (pem: string): ArrayBuffer =>
  toArrayBuffer(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'))

function toPem(der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
