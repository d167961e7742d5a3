internal import Glibc
package import GloveboxImages

/// Variables of this process's environment.
package enum Environment {
    /// A variable, when it is set and not empty.
    package static func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }
}

extension ImageStore {
    /// Where images are kept when nothing else is said: the store of the environment, or of the user.
    package static var usual: String {
        if let path = Environment.variable("GLOVEBOX_IMAGES") { return path }
        let cache = Environment.variable("XDG_CACHE_HOME") ?? (Environment.variable("HOME") ?? "") + "/.cache"
        return cache + "/glovebox/images"
    }
}
