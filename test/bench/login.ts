/** Logs the platform's admin in, as every client does. */
import type { Platform } from '../../scripts/local/platform.ts'

/** The admin's id and access token. @throws Error with the answer when the login is refused */
export async function login({ env }: Platform): Promise<{ id: string; token: string }> {
  const response = await fetch(`${env.GATEWAY_URL}/api/v1/auth/jwt/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: env.ADMIN_EMAIL, password: env.ADMIN_PASSWORD }),
  })
  if (!response.ok) throw new Error(`login answered ${response.status}: ${await response.text()}`)
  const { access_token, user } = (await response.json()) as {
    access_token: string
    user: { id: string }
  }
  return { id: user.id, token: access_token }
}
