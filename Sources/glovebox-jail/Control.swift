import CGloveboxLinux
import GloveboxPlanEmbedded

/// The socket to the supervisor.
struct Control {
    /// Its descriptor.
    let descriptor: Int32

    /// Sends a message with descriptors.
    func send(_ kind: UInt8, _ body: [UInt8] = [], descriptors: [Int32] = []) -> Int {
        let packet = [kind] + body
        return Int(unsafe glx_send(descriptor, packet, packet.count, descriptors, Int32(descriptors.count)))
    }

    /// Waits for a message of that kind and length and nothing else; nil when another comes, or the other end is gone.
    func receive(_ kind: UInt8, bodyLength: Int) -> (body: [UInt8], descriptors: [Int32])? {
        guard let message = receive(kind, upTo: bodyLength), message.body.count == bodyLength else { return nil }
        return message
    }

    /// Waits for a message of that kind with a body of at most so many bytes.
    func receive(_ kind: UInt8, upTo limit: Int) -> (body: [UInt8], descriptors: [Int32])? {
        guard let message = receive(upTo: limit), message.kind == kind else { return nil }
        return (message.body, message.descriptors)
    }

    /// Waits for any message with a body of at most so many bytes; nil when the other end is gone.
    func receive(upTo limit: Int) -> (kind: UInt8, body: [UInt8], descriptors: [Int32])? {
        var packet = [UInt8](repeating: 0, count: 1 + limit)
        var descriptors = [Int32](repeating: -1, count: 16)
        var count: Int32 = 0
        let received = unsafe glx_receive(descriptor, &packet, packet.count, &descriptors, &count)
        guard received > 0 else { return nil }
        return (packet[0], [UInt8](packet[1..<Int(received)]), [Int32](descriptors[0..<Int(count)]))
    }

    /// Whether a message has come.
    var hasMessage: Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe withUnsafeMutablePointer(to: &polled) { call(SYS_poll, Int(bitPattern: $0), 1, 0) } == 1
    }

    /// Whether the other end is gone.
    var isClosed: Bool {
        var polled = pollfd(fd: descriptor, events: 0, revents: 0)
        return unsafe withUnsafeMutablePointer(to: &polled) { call(SYS_poll, Int(bitPattern: $0), 1, 0) } != 0
    }

    /// Waits for a message of that kind alone.
    func expect(_ kind: UInt8) -> Bool {
        guard let message = receive(kind, bodyLength: 0) else { return false }
        return message.descriptors.isEmpty
    }

    /// Tells the supervisor what failed, and ends the process.
    func fail(_ fault: UInt32, _ error: Int) -> Never {
        _ = send(JailMessage.failed, word(fault) + word(UInt32(truncatingIfNeeded: -error)))
        leave(125)
    }

    /// Ends the process when a call failed.
    func check(_ result: Int, _ fault: JailFault) {
        if result < 0 { fail(fault.rawValue, result) }
    }
}

/// A number as little-endian bytes.
func word<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    var out: [UInt8] = []
    for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
        out.append(UInt8(truncatingIfNeeded: value >> Number(shift)))
    }
    return out
}
