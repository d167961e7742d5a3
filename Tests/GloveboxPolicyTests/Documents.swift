import Foundation
import GloveboxCore
import GloveboxDocuments
import GloveboxPolicy

/// Reads the files that the repository ships.
enum Shipped {
    /// The value of a YAML file below the repository's root.
    static func value(_ path: String) throws -> JSONValue {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try StrictYAML.read(Array(Data(contentsOf: root.appending(path: path))))
    }
}
