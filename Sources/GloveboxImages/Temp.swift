package import GloveboxCore
package enum ImageRoot: Sendable { case image(path: String, format: String); case directory(String) }
package struct StoredImage: Sendable { package let digest: Digest; package let name: String?; package let path: String; package let format: String; package let bytes: UInt64 }
package struct ImageStore: Sendable {
    package init(directory: String) throws(GloveboxError) {}
    package func list() throws(GloveboxError) -> [StoredImage] { [] }
    package func resolve(_ text: String) throws(GloveboxError) -> StoredImage { throw GloveboxError("image.unknown", text) }
    package func root(_ image: StoredImage) throws(GloveboxError) -> ImageRoot { .image(path: image.path, format: image.format) }
}
