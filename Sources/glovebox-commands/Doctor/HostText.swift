import Glibc
import GloveboxLinux

/// Small files of /proc and /sys, read for what they say; an unreadable one says nothing.
enum HostText {
    /// The content without surrounding white space; nil when it cannot be read.
    static func read(_ path: String) -> String? {
        do {
            var text = try Kernel.readText(path)
            while text.last?.isWhitespace == true { text.removeLast() }
            return text
        } catch { return nil }
    }

    /// A setting of the kernel by its dotted name; nil where the kernel does not have it.
    static func setting(_ name: String) -> String? {
        read("/proc/sys/" + name.split(separator: ".").joined(separator: "/"))
    }

    /// Whether something stands at the path and may be used that way (`F_OK`, `R_OK`, `W_OK`, `X_OK`).
    static func has(_ path: String, _ use: Int32 = F_OK) -> Bool { unsafe access(path, use) == 0 }
}
