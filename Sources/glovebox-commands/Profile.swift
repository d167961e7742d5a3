import Glibc
import GloveboxAttestation
import GloveboxCore
import GloveboxLinux
import GloveboxLocalCommands

/// Where a user of this machine keeps the address of a site, the token and the signing key: one directory a profile.
struct Profile {
    let directory: String

    /// The profile of that name, under `GLOVEBOX_CONFIG`, `XDG_CONFIG_HOME/glovebox` or `~/.config/glovebox`; a name
    /// with a slash is the directory itself.
    init(name: String) throws(GloveboxError) {
        if name.contains("/") {
            directory = name
            return
        }
        guard Identifier.isName(name) else {
            throw GloveboxError("usage", "a profile's name takes lower-case letters, digits, dots and dashes")
        }
        let base =
            Environment.variable("GLOVEBOX_CONFIG") ?? Environment.variable("XDG_CONFIG_HOME").map { $0 + "/glovebox" }
            ?? (Environment.variable("HOME") ?? "/") + "/.config/glovebox"
        directory = base + "/profiles/" + name
    }

    /// Reads a file of the profile; nil when there is none.
    func read(_ name: String) throws(GloveboxError) -> String? {
        do {
            let file = try Descriptor.open(directory + "/" + name, O_RDONLY)
            var text = String(decoding: try file.readAll(limit: 65536), as: UTF8.self)
            while text.last?.isWhitespace == true { text.removeLast() }
            return text
        } catch {
            if error.errno == ENOENT { return nil }
            throw error.coded("input.io")
        }
    }

    /// The path of a file of the profile; nil when there is none.
    func path(of name: String) throws(GloveboxError) -> String? {
        try read(name) == nil ? nil : directory + "/" + name
    }

    /// The files of the client certificate; nil when the profile has none.
    func identity() throws(GloveboxError) -> (certificate: String, key: String)? {
        guard let certificate = try path(of: "client.pem"), let key = try path(of: "client.key") else { return nil }
        return (certificate, key)
    }

    /// Writes a file of the profile, readable by its owner alone.
    func write(_ name: String, _ bytes: [UInt8]) throws(GloveboxError) {
        var path = directory.hasPrefix("/") ? "" : "."
        do throws(SyscallError) {
            for part in directory.split(separator: "/") {
                path += "/" + part
                if unsafe mkdir(path, 0o700) != 0 && errno != EEXIST { throw SyscallError("mkdir", errno, path) }
            }
            let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
            try Descriptor.open(directory + "/" + name, flags, mode: 0o600).write(bytes)
        } catch { throw error.coded("input.io") }
    }

    /// The signing key, made when there is none.
    func signer(make: Bool = false) throws(GloveboxError) -> PersonSigner {
        if let pem = try read("key.pem") { return try PersonSigner(pem: Array((pem + "\n").utf8)) }
        guard make else {
            throw GloveboxError("key.missing", "this profile has no signing key", hint: "Run 'glovebox login URL'.")
        }
        let signer = PersonSigner()
        try write("key.pem", signer.pem)
        return signer
    }
}
