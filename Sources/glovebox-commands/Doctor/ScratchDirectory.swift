import Glibc
import GloveboxCore
import GloveboxLinux

/// A private directory in /tmp that goes, with the files in it, when its owner does.
final class ScratchDirectory {
    /// Its path.
    let path: String

    /// Makes one.
    init() throws(GloveboxError) {
        var template = Array("/tmp/glovebox-doctor-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SyscallError("mkdtemp", errno).coded("jail.probe") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        do {
            for name in try Descriptor.open(path, O_RDONLY | O_DIRECTORY).names() {
                unsafe unlink(path + "/" + String(decoding: name, as: UTF8.self))
            }
        } catch {}
        unsafe rmdir(path)
    }
}
