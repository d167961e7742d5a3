internal import Glibc

/// Words for error numbers.
package enum ErrorName {
    /// The C library's sentence and the number.
    package static func text(_ number: Int32) -> String {
        var text = [CChar](repeating: 0, count: 128)
        let name = unsafe text.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, unsafe strerror_r(number, base, buffer.count) == 0 else {
                return "error"
            }
            return unsafe String(cString: base)
        }
        return "\(name) (\(number))"
    }
}
