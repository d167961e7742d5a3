internal import GloveboxCore

/// Which environment variables a submitter may set.
///
/// Source: attestation specification section 5.
package enum Environment {
    /// What a processing policy allows when it names nothing.
    package static let usual = ["LANG", "LC_ALL", "TZ", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]

    /// Whether a policy may allow the variable at all: none that changes which code a program loads.
    package static func isAllowedName(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 64, !(48...57).contains(first),
            name.utf8.allSatisfy({ (65...90).contains($0) || (48...57).contains($0) || $0 == 95 })
        else { return false }
        let loaders = ["LD_", "PYTHON", "GLIBC_", "MALLOC_", "BASH_", "PERL", "RUBY", "JAVA_", "R_", "GIT_"]
        let names = ["NODE_OPTIONS", "GCONV_PATH", "LOCPATH", "NLSPATH", "IFS", "ENV", "PATH", "HOME", "SHELLOPTS"]
        return !loaders.contains { name.hasPrefix($0) } && !names.contains(name)
    }

    /// Whether the variable may have that value: printable ASCII, and no path for `TZ`.
    package static func isAllowedValue(_ value: String, of name: String) -> Bool {
        guard value.utf8.count <= 256, value.utf8.allSatisfy({ (32...126).contains($0) }) else { return false }
        guard name == "TZ" else { return true }
        return !value.hasPrefix("/") && !value.hasPrefix(":") && !value.utf8.contains(UInt8(ascii: "."))
    }
}
