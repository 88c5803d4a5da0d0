// SPDX-License-Identifier: Apache-2.0
// esptool-js does one job on a chip behind RFC 2217, under Node. The library wants a serial port of a browser: the
// class TcpPort is one. Usage:
//     node esptool_js.mjs FOLDER rfc2217://HOST:PORT BAUD rom|stub OPERATION ARGUMENT...
// FOLDER is where the package was installed. Operations: detect, mac, flash-id, security,
// write plain|compressed ADDR FILE, verify ADDR FILE, read ADDR BYTES FILE, erase-region ADDR BYTES, erase-chip,
// run-ram ADDR FILE.
// The library is not told how to do anything, only asked; what it cannot do ends with the message that it lacks it.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const IAC = 255, SB = 250, SE = 240, WILL = 251, WONT = 252, DO = 253, DONT = 254;
const BINARY = 0, SUPPRESS_GO_AHEAD = 3, COM_PORT = 44;
const SET_BAUDRATE = 1, SET_DATASIZE = 2, SET_PARITY = 3, SET_STOPSIZE = 4, SET_CONTROL = 5;
const DTR_ON = 8, DTR_OFF = 9, RTS_ON = 11, RTS_OFF = 12;

// What navigator.serial gives a page, as far as the library uses it: open() and close(), the streams, and the lines.
class TcpPort {
    constructor(host, port) {
        this.where = { host, port, noDelay: true };
        this.readable = null;
        this.writable = null;
        this.command = null; // bytes of a Telnet command that has not ended
        this.answers = new Map(); // COM-PORT command: who waits for its answer
    }

    getInfo() {
        return {};
    }

    async open({ baudRate }) {
        if (!this.socket) { // it stays connected until end(): a device does not go away when its port is closed
            this.socket = createConnection(this.where);
            await new Promise((done, fail) => this.socket.once("connect", done).once("error", fail));
            this.socket.on("data", (bytes) => this.receive(bytes));
            this.socket.on("close", () => this.controller?.error(new Error("connection closed")));
            for (const option of [BINARY, SUPPRESS_GO_AHEAD, COM_PORT]) {
                this.socket.write(Uint8Array.of(IAC, WILL, option, IAC, DO, option));
            }
        }
        await this.ask(SET_BAUDRATE, [baudRate >>> 24, baudRate >>> 16, baudRate >>> 8, baudRate]);
        for (const [command, value] of [[SET_DATASIZE, 8], [SET_PARITY, 1], [SET_STOPSIZE, 1]]) {
            await this.ask(command, [value]);
        }
        this.readable = new ReadableStream({ start: (controller) => { this.controller = controller; } });
        this.writable = new WritableStream({ write: (bytes) => this.send(bytes) });
    }

    async close() {
        this.readable = null;
        this.writable = null;
        this.controller = null;
    }

    end() {
        this.socket?.destroy();
    }

    async setSignals({ dataTerminalReady, requestToSend }) {
        // Both lines in one segment: one packet of the adapter.
        const asked = [];
        if (dataTerminalReady !== undefined) {
            asked.push(this.ask(SET_CONTROL, [dataTerminalReady ? DTR_ON : DTR_OFF]));
        }
        if (requestToSend !== undefined) {
            asked.push(this.ask(SET_CONTROL, [requestToSend ? RTS_ON : RTS_OFF]));
        }
        await Promise.all(asked);
    }

    // Send a COM-PORT command and wait for its answer.
    ask(command, values) {
        const escaped = values.map((value) => value & 255).flatMap((value) => (value === IAC ? [IAC, IAC] : [value]));
        this.socket.write(Uint8Array.of(IAC, SB, COM_PORT, command, ...escaped, IAC, SE));
        return new Promise((done) => {
            this.answers.set(command, [...(this.answers.get(command) ?? []), done]);
        });
    }

    send(bytes) {
        const escaped = [];
        for (const byte of bytes) {
            escaped.push(byte);
            if (byte === IAC) {
                escaped.push(IAC);
            }
        }
        this.socket.write(Uint8Array.from(escaped));
        // Written is what has arrived: at an adapter, what is written later comes after a pause, too.
        return this.ask(SET_DATASIZE, [8]);
    }

    receive(bytes) {
        const data = [];
        for (const byte of bytes) {
            if (this.command === null) {
                if (byte === IAC) {
                    this.command = [];
                } else {
                    data.push(byte);
                }
                continue;
            }
            this.command.push(byte);
            const [kind] = this.command;
            if (kind === IAC) {
                data.push(IAC);
                this.command = null;
            } else if (kind === SB) {
                if (byte === SE && this.command.at(-2) === IAC) {
                    this.answered(this.command);
                    this.command = null;
                }
            } else if (kind < WILL || kind > DONT || this.command.length === 2) {
                this.command = null; // agreed to or refused; we go on either way
            }
        }
        if (data.length > 0) {
            this.controller?.enqueue(Uint8Array.from(data));
        }
    }

    answered([, option, command]) {
        if (option === COM_PORT) {
            this.answers.get(command - 100)?.shift()?.();
        }
    }
}

async function job(loader, useStub, operation, values) {
    const { chip } = loader;
    const addr = Number(values[0]);
    switch (operation) {
        case "detect":
            console.log(`chip: ${chip.CHIP_NAME}`);
            return;
        case "mac":
            console.log(`MAC: ${await chip.readMac(loader)}`);
            return;
        case "flash-id":
            await loader.flashId();
            return;
        case "security": {
            const info = await loader.getSecurityInfo();
            const on = (flag) => (flag ? "Enabled" : "Disabled");
            console.log(`Secure Boot: ${on(info.parsedFlags.SECURE_BOOT_EN)}`);
            console.log(`Flash Encryption: ${on(info.flashCryptCnt.toString(2).split("1").length % 2 === 0)}`);
            console.log(`Chip ID: ${info.chipId}`);
            return;
        }
        case "write":
            await loader.writeFlash({
                fileArray: [{ data: new Uint8Array(readFileSync(values[2])), address: Number(values[1]) }],
                flashMode: "keep", flashFreq: "keep", flashSize: "keep", eraseAll: false,
                compress: values[0] === "compressed",
                // Without a stub flashMd5sum() is of no use, see verify.
                calculateMD5Hash: useStub ? (image) => createHash("md5").update(image).digest("hex") : undefined,
            });
            return;
        case "verify": {
            const wanted = readFileSync(values[1]);
            const found = await loader.flashMd5sum(addr, wanted.length);
            if (found.length !== 32) {
                throw new Error(`flashMd5sum() returned ${found.length} digits: ${found}`);
            }
            if (found !== createHash("md5").update(wanted).digest("hex")) {
                throw new Error("verification: the MD5 differs");
            }
            return;
        }
        case "read":
            writeFileSync(values[2], await loader.readFlash(addr, Number(values[1])));
            return;
        case "erase-region":
            // There is no function for it, but the library knows the command.
            await loader.checkCommand("erase region", loader.ESP_ERASE_REGION,
                new Uint8Array(Uint32Array.of(addr, Number(values[1])).buffer));
            return;
        case "erase-chip":
            await loader.eraseFlash();
            return;
        case "run-ram": {
            const data = new Uint8Array(readFileSync(values[1]));
            const blockCount = Math.ceil(data.length / loader.ESP_RAM_BLOCK);
            await loader.memBegin(data.length, blockCount, loader.ESP_RAM_BLOCK, addr);
            for (let index = 0; index < blockCount; index++) {
                const start = index * loader.ESP_RAM_BLOCK;
                await loader.memBlock(data.slice(start, start + loader.ESP_RAM_BLOCK), index);
            }
            await loader.memFinish(addr);
            return;
        }
        default:
            throw new Error(`no operation ${operation}`);
    }
}

async function main() {
    const [folder, address, baud, mode, operation, ...values] = process.argv.slice(2);
    const library = await import(pathToFileURL(join(folder, "node_modules/esptool-js/lib/index.js")).href);
    const { hostname, port: tcpPort } = new URL(address.replace("rfc2217:", "http:"));
    const port = new TcpPort(hostname, Number(tcpPort));
    const transport = new library.Transport(port, process.env.TRACE !== undefined);
    const write = (text) => process.stdout.write(text);
    const terminal = { clean() {}, write, writeLine: (text) => write(`${text}\n`) };
    const loader = new library.ESPLoader({ transport, baudrate: Number(baud), terminal });
    try {
        if (mode === "stub") {
            await loader.main();
            if (!loader.IS_STUB) {
                throw new Error("no stub");
            }
        } else { // main() without the stub, and with blocks that a ROM takes
            await loader.detectChip();
            loader.FLASH_WRITE_SIZE = 0x400;
            if (loader.baudrate !== loader.romBaudrate) {
                await loader.changeBaud();
            }
            if (!["detect", "mac", "security", "run-ram"].includes(operation) && loader.chip.CHIP_NAME !== "ESP8266") {
                await loader.command(loader.ESP_SPI_ATTACH, new Uint8Array(8));
            }
        }
        if (loader.baudrate !== Number(baud)) {
            throw new Error(`the rate is ${loader.baudrate}`);
        }
        await job(loader, mode === "stub", operation, values);
        if (operation !== "run-ram") {
            await loader.after();
        }
    } finally {
        port.end();
    }
}

try {
    await main();
} catch (error) {
    console.error(`${error.stack ?? error}`);
    process.exitCode = 1;
}
