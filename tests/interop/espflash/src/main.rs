// SPDX-License-Identifier: Apache-2.0
//! espflash does one job on a chip behind a pseudo-terminal. Usage:
//!     espflash_jobs TERMINAL BAUD rom|stub OPERATION ARGUMENT...
//! Operations: detect, mac, flash-id, security, write plain|compressed ADDR FILE, verify ADDR FILE,
//! read ADDR BYTES FILE, erase-region ADDR BYTES, erase-chip, run-ram ADDR FILE (an ELF file).
//! It goes through the library as its own command line does, which only opens ports that the system enumerates.
use std::error::Error;
use std::{env, fs, process};

use espflash::connection::{Connection, ResetAfterOperation, ResetBeforeOperation};
use espflash::flasher::Flasher;
use espflash::target::DefaultProgressCallback;
use md5::{Digest, Md5};
use serialport::{FlowControl, UsbPortInfo};

fn number(text: &str) -> Result<u32, Box<dyn Error>> {
    Ok(text.parse()?)
}

fn job(flasher: &mut Flasher, stub: bool, operation: &str, values: &[String]) -> Result<(), Box<dyn Error>> {
    let mut progress = DefaultProgressCallback;
    match operation {
        "detect" => println!("chip: {}", flasher.chip()),
        "mac" => println!("MAC: {}", flasher.device_info()?.mac_address.unwrap_or_default()),
        "flash-id" => println!("flash size: {}", flasher.device_info()?.flash_size),
        "security" => println!("{}", flasher.security_info()?),
        "write" => {
            // Not up to the caller.
            let format = if stub { "compressed" } else { "plain" };
            if values[0] != format {
                return Err(format!("espflash writes {format} here").into());
            }
            flasher.write_bin_to_flash(number(&values[1])?, &fs::read(&values[2])?, &mut progress)?;
        }
        "verify" => {
            let wanted = fs::read(&values[1])?;
            let found = flasher.checksum_md5(number(&values[0])?, wanted.len() as u32)?;
            if found.to_be_bytes()[..] != Md5::digest(&wanted)[..] {
                return Err("verification: the MD5 differs".into());
            }
        }
        "read" => {
            let (addr, bytes, path) = (number(&values[0])?, number(&values[1])?, values[2].clone().into());
            if stub {
                flasher.read_flash(addr, bytes, 0x1000, 0x1000, path)?;
            } else {
                flasher.read_flash_rom(addr, bytes, 0x1000, 0x1000, path)?;
            }
        }
        "erase-region" => flasher.erase_region(number(&values[0])?, number(&values[1])?)?,
        "erase-chip" => flasher.erase_flash()?,
        "run-ram" => flasher.load_elf_to_ram(&fs::read(&values[1])?, &mut progress)?,
        _ => return Err(format!("no operation {operation}").into()),
    }
    Ok(())
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    let [_, terminal, baud, mode, operation, values @ ..] = &arguments[..] else {
        return Err("usage: espflash_jobs TERMINAL BAUD rom|stub OPERATION ARGUMENT...".into());
    };
    let port = serialport::new(terminal, 115_200).flow_control(FlowControl::None).open_native()?;
    let port_info = UsbPortInfo {
        vid: 0,
        pid: 0,
        serial_number: None,
        manufacturer: None,
        product: None,
    };
    let connection =
        Connection::new(port, port_info, ResetAfterOperation::HardReset, ResetBeforeOperation::DefaultReset, 115_200);
    let stub = mode == "stub";
    let mut flasher = Flasher::connect(connection, stub, stub, false, None, Some(number(baud)?))?;
    job(&mut flasher, stub, operation, values)?;
    if operation != "run-ram" {
        let chip = flasher.chip();
        flasher.connection().reset_after(stub, chip)?;
    }
    Ok(())
}

fn main() {
    if let Err(error) = run() {
        eprintln!("{error}");
        let mut cause = error.source();
        while let Some(inner) = cause {
            eprintln!("  {inner}");
            cause = inner.source();
        }
        process::exit(1);
    }
}
