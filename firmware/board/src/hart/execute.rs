//! What each instruction does.

use super::csr::Csrs;
use super::debug_mode::Cause;
use super::decode::{self, CsrForm, CsrSource, Instruction, LoadForm, Register};
use super::triggers::Access;
use super::{Exception, Hart, Step, compressed};
use crate::bus::Bus;

impl Hart {
    /// Executes the instruction at `pc`.
    #[inline]
    pub(super) fn execute_next(&mut self, bus: &mut Bus) -> Step {
        let Ok(code) = bus.read(self.pc, 2) else {
            return self.exception(Exception::InstructionAccessFault, self.pc);
        };
        if code & 3 != 3 {
            return match compressed::decode(code as u16) {
                Some(instruction) => self.execute(instruction, code, 2, bus),
                None => self.exception(Exception::IllegalInstruction, code),
            };
        }
        let Ok(upper) = bus.read(self.pc.wrapping_add(2), 2) else {
            return self.exception(Exception::InstructionAccessFault, self.pc.wrapping_add(2));
        };
        let code = upper << 16 | code;
        match decode::decode(code) {
            Some(instruction) => self.execute(instruction, code, 4, bus),
            None => self.exception(Exception::IllegalInstruction, code),
        }
    }

    /// Executes `instruction`, which is encoded as `code` in `length` bytes.
    #[inline]
    fn execute(&mut self, instruction: Instruction, code: u32, length: u32, bus: &mut Bus) -> Step {
        let next = self.pc.wrapping_add(length);
        let mut target = next;
        match instruction {
            Instruction::Lui { rd, immediate } => self.set_register(rd, immediate),
            Instruction::Auipc { rd, immediate } => {
                self.set_register(rd, self.pc.wrapping_add(immediate));
            }
            Instruction::Jal { rd, offset } => {
                target = self.pc.wrapping_add(offset);
                self.set_register(rd, next);
            }
            Instruction::Jalr { rd, rs1, offset } => {
                target = self.register(rs1).wrapping_add(offset) & !1;
                self.set_register(rd, next);
            }
            Instruction::Branch {
                condition,
                rs1,
                rs2,
                offset,
            } => {
                if condition.holds(self.register(rs1), self.register(rs2)) {
                    target = self.pc.wrapping_add(offset);
                }
            }
            Instruction::Load {
                form,
                rd,
                rs1,
                offset,
            } => {
                let address = self.register(rs1).wrapping_add(offset);
                if self.triggers.fire(Access::Load, address, form.bytes) {
                    return self.stop_at_trigger();
                }
                let Ok(value) = bus.read(address, form.bytes) else {
                    return self.exception(Exception::LoadAccessFault, address);
                };
                self.set_register(rd, extend(value, form));
            }
            Instruction::Store {
                bytes,
                rs1,
                rs2,
                offset,
            } => {
                let address = self.register(rs1).wrapping_add(offset);
                if self.triggers.fire(Access::Store, address, bytes) {
                    return self.stop_at_trigger();
                }
                if bus.write(address, bytes, self.register(rs2)).is_err() {
                    return self.exception(Exception::StoreAccessFault, address);
                }
            }
            Instruction::WithImmediate {
                operation,
                rd,
                rs1,
                immediate,
            } => {
                self.set_register(rd, operation.apply(self.register(rs1), immediate));
            }
            Instruction::WithRegister {
                operation,
                rd,
                rs1,
                rs2,
            } => {
                let value = operation.apply(self.register(rs1), self.register(rs2));
                self.set_register(rd, value);
            }
            Instruction::Csr {
                form,
                rd,
                source,
                number,
            } => {
                if !self.access_csr(form, rd, source, number) {
                    return self.exception(Exception::IllegalInstruction, code);
                }
            }
            Instruction::Fence => {}
            Instruction::Ecall => return self.exception(Exception::EnvironmentCall, 0),
            Instruction::Ebreak => return self.ebreak(),
            Instruction::Mret => target = self.csrs.leave_trap(),
            Instruction::Wfi => {
                self.retire(next);
                return if self.csrs.wakes() {
                    Step::Done
                } else {
                    Step::Waiting
                };
            }
        }
        self.retire(target);
        Step::Done
    }

    fn retire(&mut self, target: u32) {
        self.csrs.retired += 1;
        self.pc = target;
    }

    fn exception(&mut self, exception: Exception, value: u32) -> Step {
        self.trap(exception, value);
        Step::Done
    }

    fn ebreak(&mut self) -> Step {
        if self.debug.takes_ebreak() {
            self.debug.enter(Cause::Ebreak);
            return Step::Halted;
        }
        Step::Breakpoint
    }

    fn stop_at_trigger(&mut self) -> Step {
        self.debug.enter(Cause::Trigger);
        Step::Halted
    }

    /// Reads and writes a register in one; false if that is not legal.
    fn access_csr(&mut self, form: CsrForm, rd: Register, source: CsrSource, number: u16) -> bool {
        let (value, changes) = match source {
            CsrSource::Register(rs1) => (self.register(rs1), rs1 != 0),
            CsrSource::Immediate(immediate) => (immediate, immediate != 0),
        };
        let Some(old) = self.csr(number) else {
            return false;
        };
        let new = match form {
            CsrForm::Write => value,
            CsrForm::Set => old | value,
            CsrForm::Clear => old & !value,
        };
        // Setting or clearing nothing is no write, and allowed where only reading is.
        if (form == CsrForm::Write || changes)
            && (Csrs::is_read_only(number) || !self.set_csr(number, new))
        {
            return false;
        }
        self.set_register(rd, old);
        true
    }
}

fn extend(value: u32, form: LoadForm) -> u32 {
    match form {
        LoadForm {
            bytes: 1,
            is_signed: true,
        } => decode::sign_extend(value, 8),
        LoadForm {
            bytes: 2,
            is_signed: true,
        } => decode::sign_extend(value, 16),
        _ => value,
    }
}
