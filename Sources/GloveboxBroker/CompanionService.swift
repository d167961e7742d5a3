package import GloveboxCore
package import GloveboxLinux

/// A companion's side of its socket: one call after the other, until the supervisor is gone.
package protocol CompanionService: AnyObject {
    /// What was asked for.
    ///
    /// - Throws: the refusal, which goes to the caller.
    func perform(_ name: String, _ call: inout JSONFields) throws(GloveboxError) -> JSONValue
}

extension CompanionService {
    /// Answers calls until the other side closes.
    ///
    /// - Throws: `companion.message` for what is no message of this protocol.
    package func serve(_ socket: FramedSocket) throws(GloveboxError) {
        do throws(SyscallError) {
            while let message = try socket.receive() { try socket.send(answer(message)) }
        } catch { throw error.coded("companion.message") }
    }

    /// The answer to one call: what was asked for, or the refusal with its reason.
    package func answer(_ message: [UInt8]) -> [UInt8] {
        do throws(GloveboxError) {
            var call = try JSONFields(JSONReader.read(message), at: "call")
            let answer = try perform(call.string("op"), &call)
            return CanonicalJSON.encode(["ok": answer])
        } catch {
            var refusal: [(String, JSONValue)] = [("code", .string(error.code)), ("message", .string(error.message))]
            if let hint = error.hint { refusal.append(("hint", .string(hint))) }
            return CanonicalJSON.encode(["refused": .object(JSONObject(refusal))])
        }
    }
}
