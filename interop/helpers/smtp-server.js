// Runs npm's smtp-server on several ports, as a JSON file says, until it is ended.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const settings = JSON.parse(fs.readFileSync(process.argv[2]));
const { SMTPServer } = require(path.join(settings.modules, 'smtp-server'));

// Whether a JSON web token is of the user and signed with the password.
function isValid(token) {
    const [header, claims, signature] = token.split('.');
    const hmac = crypto.createHmac('sha256', settings.password).update(`${header}.${claims}`);
    return hmac.digest('base64url') === signature && JSON.parse(Buffer.from(claims, 'base64url')).sub === settings.user;
}

function onAuth(auth, session, callback) {
    let good = auth.username === settings.user;
    if (auth.method === 'XOAUTH2') {
        good = good && isValid(auth.accessToken);
    } else if (auth.method === 'CRAM-MD5') {
        good = good && auth.validatePassword(settings.password);
    } else {
        good = good && auth.password === settings.password;
    }
    if (good) {
        callback(null, { user: auth.username });
    } else if (auth.method === 'XOAUTH2') {
        callback(null, { data: { status: '401', schemes: 'bearer', scope: 'mail' } });
    } else {
        callback(new Error('Invalid username or password'));
    }
}

let count = 0;

function onData(stream, session, callback) {
    const pieces = [Buffer.from(`Received: by mx.test with ${session.transmissionType}\r\n`)];
    stream.on('data', (piece) => pieces.push(piece));
    stream.on('end', () => {
        count += 1;
        fs.writeFileSync(path.join(settings.mail, String(count)), Buffer.concat(pieces));
        callback(null, 'kept');
    });
}

for (const [kind, port] of Object.entries(settings.ports)) {
    const implicit = kind.endsWith('implicit');
    const login = kind.startsWith('auth');
    const disabled = [];
    if (!login) disabled.push('AUTH');
    if (kind === 'clear' || kind === 'auth-clear') disabled.push('STARTTLS');
    const server = new SMTPServer({
        name: 'mx.test',
        secure: implicit,
        cert: fs.readFileSync(settings.chain),
        key: fs.readFileSync(settings.key),
        disabledCommands: disabled,
        authOptional: !login,
        authMethods: settings.methods,
        allowInsecureAuth: kind === 'auth-clear',
        hideDSN: false,
        hideREQUIRETLS: false,
        hideENHANCEDSTATUSCODES: false,
        onAuth,
        onData,
    });
    // A client that breaks off a handshake is not a reason to stop.
    server.on('error', (error) => console.error(kind, error.message));
    server.listen(port, '127.0.0.1');
}
