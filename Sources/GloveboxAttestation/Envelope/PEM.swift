package import GloveboxCore

/// One PEM block, written and read in one form: 64 characters a line and a final newline.
///
/// Source: RFC 7468, strict form.
package enum PEM {
    /// Wraps DER.
    package static func encode(_ der: [UInt8], label: String) -> [UInt8] {
        let text = Array(Base64.encode(der).utf8)
        var out = Array("-----BEGIN \(label)-----\n".utf8)
        for start in stride(from: 0, to: text.count, by: 64) {
            out += text[start..<min(start + 64, text.count)] + [10]
        }
        return out + Array("-----END \(label)-----\n".utf8)
    }

    /// Reads exactly one block with that label and nothing around it.
    ///
    /// - Throws: `pem.invalid`.
    package static func decode(_ pem: [UInt8], label: String) throws(GloveboxError) -> [UInt8] {
        let head = Array("-----BEGIN \(label)-----\n".utf8)
        let tail = Array("-----END \(label)-----\n".utf8)
        guard pem.count > head.count + tail.count, pem.starts(with: head), pem.suffix(tail.count).elementsEqual(tail)
        else {
            throw GloveboxError("pem.invalid", "not one PEM block labelled \(label)")
        }
        let body = pem[head.count..<pem.count - tail.count].filter { $0 != 10 }
        guard let der = Base64.decode(String(decoding: body, as: UTF8.self)), encode(der, label: label) == pem else {
            throw GloveboxError("pem.invalid", "the PEM block labelled \(label) is not in strict form")
        }
        return der
    }
}
