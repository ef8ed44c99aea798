"""Real servers. Each module has a class `Server` with:

- `ports`: what listens where, by one of these names, and only those that this server has:
  - `clear`: does not offer TLS
  - `starttls`, `implicit`: TLS, without AUTH
  - `tls12`, `expired`: the same as `starttls`, with TLS 1.2 only, or with an expired certificate
  - `auth`, `auth-implicit`: needs AUTH, which is offered only in TLS
  - `auth-clear`: offers AUTH and no TLS
  - `auth-certificate`: the same as `auth`, and accepts a client's certificate with EXTERNAL
  - `requiretls`: the same as `starttls`, and offers REQUIRETLS
  - `hangs-up`, `hangs-up-twice`: closes the connection on EHLO, or on EHLO and HELO; does not offer TLS
- `mechanisms`: what it offers in AUTH, except for EXTERNAL
- `version()`
- `start()`, which may raise `Unavailable` before it starts anything
- `received()`: the contents of the files in which the messages are that it has delivered
"""
