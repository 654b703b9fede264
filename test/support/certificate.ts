// A certificate for localhost and 127.0.0.1, signed by itself.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CertificateFiles {
  readonly certPath: string
  readonly keyPath: string
  /** PEM. */
  readonly cert: string
}

/** Writes `{name}.pem` and `{name}-key.pem` into the folder; needs openssl. */
export function makeCertificate(folder: string, name = 'localhost'): CertificateFiles {
  const [certPath, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}-key.pem`)]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', keyPath, '-out', certPath],
    ],
    { stdio: 'ignore' },
  )
  return { certPath, keyPath, cert: readFileSync(certPath, 'utf8') }
}
