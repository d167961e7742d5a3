import Glibc
import GloveboxCore
import GloveboxLinux
import Testing

@testable import GloveboxImages

@Suite struct ImageStoreTests {
    @Test func `keeps a file under the digest of its bytes and finds it by every name it has`() throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: "\(directory)/store")
            try StoreFiles.replace("\(directory)/file", imageBytes(1))
            let packages = [ImagePackage(name: "python3", version: "3.11.2-1+b1")]
            let image = try store.add(file: "\(directory)/file", name: "python", packages: packages)
            _ = try store.add(file: "\(directory)/file", name: "py")
            #expect(image.format == "erofs" && image.bytes == 1092)
            for text in ["python", "py", image.digest.hex, image.digest.named] {
                #expect(try store.resolve(text).digest == image.digest)
            }
            #expect(try store.resolve("py").name == "py")
            #expect(try store.resolve(image.digest.hex).packages == packages)
            #expect(try store.list().count == 1)
            #expect(try StoreFiles.copy(image.path, to: "\(directory)/copy").digest == image.digest)
        }
    }

    @Test func `moves a name to the image added last and keeps the image before`() throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: directory)
            try StoreFiles.replace("\(directory)/a", imageBytes(1))
            try StoreFiles.replace("\(directory)/b", imageBytes(2))
            let first = try store.add(file: "\(directory)/a", name: "python")
            let second = try store.add(file: "\(directory)/b", name: "python")
            #expect(try store.resolve("python").digest == second.digest)
            #expect(try store.resolve(first.digest.named).name == nil)
            #expect(try store.list().count == 2)
        }
    }

    @Test func `names the images there are when asked for another`() throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: directory)
            try StoreFiles.replace("\(directory)/a", imageBytes(1))
            _ = try store.add(file: "\(directory)/a", name: "python")
            for text in ["perl", "../refs/python", "", Digest.zero.hex] {
                let error = #expect(throws: GloveboxError.self) { try store.resolve(text) }
                #expect(error?.code == "image.unknown" && error?.hint == "Images: python.")
            }
        }
    }

    @Test func `refuses what is no image and leaves nothing behind`() throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: directory)
            try StoreFiles.replace("\(directory)/a", Array("#!/bin/sh\n".utf8))
            #expect(throws: GloveboxError("image.format", "")) { try store.add(file: "\(directory)/a", name: "x") }
            #expect(try store.list().isEmpty)
            #expect(try StoreFiles.names(in: "\(directory)/refs").isEmpty)
        }
    }

    @Test(arguments: ["", ".", "..", "a/b", "Upper", String(repeating: "a", count: 64), "-x"])
    func `refuses a name that is no plain name`(name: String) throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: directory)
            try StoreFiles.replace("\(directory)/a", imageBytes(1))
            #expect(throws: GloveboxError("image.name", "")) { try store.add(file: "\(directory)/a", name: name) }
        }
    }

    @Test func `what is measured stays, whatever takes the image's place in the store`() throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: directory)
            for swap in ["rename", "write"] {
                try StoreFiles.replace("\(directory)/a", imageBytes(swap == "rename" ? 3 : 4))
                let image = try store.add(file: "\(directory)/a", name: nil)
                let file = try store.measured(image)
                if swap == "rename" {
                    try StoreFiles.replace(image.path, imageBytes(9))
                } else {
                    try Descriptor.open(image.path, O_WRONLY).write(imageBytes(9))
                }
                #expect(try StoreFiles.copy(image.path, to: "\(directory)/\(swap)").digest != image.digest)
                #expect(try StoreFiles.copy(file.path, to: "\(directory)/\(swap)-copy").digest == image.digest)
                #expect(try store.measured(image) === file, "a second job takes the same copy")
                #expect(try file.status().links == 0, "the copy has a name")
                #expect(throws: SyscallError.self) { try file.write([0]) }
            }
        }
    }

    @Test func `an image that was changed in the store before it is measured is refused`() throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: directory)
            try StoreFiles.replace("\(directory)/a", imageBytes(5))
            let image = try store.add(file: "\(directory)/a", name: nil)
            try StoreFiles.replace(image.path, imageBytes(6))
            #expect(throws: GloveboxError("rootfs.mismatch", "")) { try store.measured(image) }
        }
    }
}
