internal import Glibc
package import GloveboxCore
internal import GloveboxImages
package import GloveboxJail
internal import GloveboxLinux

extension JailSpecification.Root {
    /// The root a user means: a directory, an image file, or the name of an image in the store.
    ///
    /// For an ordinary user, who may not mount, an image is unpacked in the user's own store, once.
    package static func named(_ name: String) throws(GloveboxError) -> Self {
        let isPath = unsafe access(name, F_OK) == 0
        let path = isPath ? try HostPath.absolute(name) : name
        if isPath {
            if try HostPath.isDirectory(path) { return .directory(path) }
            if Kernel.isHostRoot { return .image(path: path, format: try ImageFormat.detect(path)) }
        }
        let store = try ImageStore(directory: ImageStore.usual)
        let image = isPath ? try store.add(file: path, name: nil) : try store.resolve(name)
        switch try store.root(image) {
        case .directory(let path): return .directory(path)
        case .image(let path, _): return .image(path: path, format: try ImageFormat.detect(path))
        }
    }
}
