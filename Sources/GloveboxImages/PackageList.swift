internal import GloveboxCore

/// Lists of packages: in JSON, and as dpkg keeps them.
enum PackageList {
    /// An array of name and version.
    static func json(_ packages: [ImagePackage]) -> JSONValue {
        .array(packages.map { ["name": .string($0.name), "version": .string($0.version)] })
    }

    /// Reads what ``json(_:)`` made.
    static func read(_ values: [JSONValue], at path: String) throws(GloveboxError) -> [ImagePackage] {
        var packages: [ImagePackage] = []
        for value in values {
            var fields = try JSONFields(value, at: path)
            packages.append(ImagePackage(name: try fields.string("name"), version: try fields.string("version")))
            try fields.finish()
        }
        return packages
    }

    /// The installed packages of a dpkg status file, by name.
    ///
    /// A second architecture of a package is `name:arch`.
    static func installed(status: [UInt8]) -> [ImagePackage] {
        var found: [ImagePackage] = []
        var name = ""
        var version = ""
        var architecture = ""
        var isInstalled = false
        func close() {
            guard isInstalled, !name.isEmpty else { return }
            let isTaken = found.contains { $0.name == name }
            found.append(ImagePackage(name: isTaken ? "\(name):\(architecture)" : name, version: version))
        }
        for line in status.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.isEmpty {
                close()
                (name, version, architecture, isInstalled) = ("", "", "", false)
                continue
            }
            func value(_ field: String) -> String? {
                guard line.starts(with: "\(field): ".utf8) else { return nil }
                return String(decoding: line.dropFirst(field.utf8.count + 2), as: UTF8.self)
            }
            if let text = value("Package") { name = text }
            if let text = value("Version") { version = text }
            if let text = value("Architecture") { architecture = text }
            if let text = value("Status") { isInstalled = text == "install ok installed" }
        }
        close()
        return found.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// What changed from one list to another, a line each.
    static func changes(from old: [ImagePackage], to new: [ImagePackage]) -> [String] {
        var lines: [String] = []
        for package in old where !new.contains(where: { $0.name == package.name }) {
            lines.append("- \(package.name) \(package.version)")
        }
        for package in new where !old.contains(package) {
            guard let before = old.first(where: { $0.name == package.name }) else {
                lines.append("+ \(package.name) \(package.version)")
                continue
            }
            lines.append("~ \(package.name) \(before.version) -> \(package.version)")
        }
        return lines
    }
}
