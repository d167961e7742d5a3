import Glibc
internal import GloveboxLinux

/// A server of a test: answers each connection's request with the bytes it is told to, as badly as it is told to.
///
/// It ends with the tests.
package final class TestServer: Sendable {
    /// What is done with one request.
    package enum Reply: Sendable {
        /// Sends these bytes and closes.
        case bytes([UInt8])
        /// Sends a byte now and then, and never comes to an end.
        case drip([UInt8])
        /// Says nothing and keeps the connection.
        case silence
    }

    /// The port on 127.0.0.1.
    package let port: Int
    /// Starts a server; the closure gets the request with its head.
    package init(_ reply: @escaping @Sendable (_ request: [UInt8]) -> Reply) throws {
        let (listener, port) = try Self.listen()
        self.port = port
        Self.detach {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { continue }
                Self.detach {
                    Self.send(reply(Self.read(connection)), connection)
                }
            }
        }
    }

    /// A port that nobody listens on.
    package static func freePort() throws -> Int {
        let (listener, port) = try listen()
        close(listener)
        return port
    }

    /// An HTTP answer.
    package static func http(_ status: Int, _ body: [UInt8], headers: [String] = []) -> Reply {
        let head = ["HTTP/1.1 \(status) X", "Content-Length: \(body.count)", "Connection: close"] + headers
        return .bytes(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    }

    private static func listen() throws -> (Int32, Int) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let done = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length) == 0 && Glibc.listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard done else { throw SyscallError("listen", errno) }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    private static func read(_ connection: Int32) -> [UInt8] {
        var request: [UInt8] = []
        while true {
            var chunk = [UInt8](repeating: 0, count: 65536)
            let got = unsafe recv(connection, &chunk, chunk.count, 0)
            guard got > 0 else { return request }
            request += chunk[..<got]
            let text = String(decoding: request, as: UTF8.self)
            guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
            let announced = text[..<end.lowerBound].lowercased().split(separator: "\r\n").first {
                $0.hasPrefix("content-length:")
            }
            let length = announced.flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
            let head = text[..<end.upperBound].utf8.count
            if request.count >= head + length { return request }
        }
    }

    private static func send(_ reply: Reply, _ connection: Int32) {
        func put(_ bytes: [UInt8]) -> Bool {
            var rest = bytes[...]
            while !rest.isEmpty {
                let sent = unsafe rest.withUnsafeBytes {
                    unsafe Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { return false }
                rest = rest.dropFirst(sent)
            }
            return true
        }
        switch reply {
        case .bytes(let bytes):
            _ = put(bytes)
            shutdown(connection, Int32(SHUT_WR))
        case .drip(let head):
            var isOpen = put(head)
            while isOpen {
                usleep(200_000)
                isOpen = put([UInt8(ascii: "x")])
            }
        case .silence: sleep(30)
        }
        close(connection)
    }

    private static func detach(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(Box(body))
        let code = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                }
                return nil
            },
            box.toOpaque()
        )
        precondition(code == 0, "a test can start a thread")
        pthread_detach(thread)
    }
}
