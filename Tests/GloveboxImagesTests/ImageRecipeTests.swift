import GloveboxCore
import Testing

@testable import GloveboxImages

@Suite struct ImageRecipeTests {
    private func recipe(_ changes: [(String, JSONValue?)] = []) throws(GloveboxError) -> ImageRecipe {
        var object = JSONObject([
            ("format", "glovebox-image/1"), ("name", "python"), ("suite", "bookworm"), ("variant", "minbase"),
            ("packages", ["python3", "libstdc++6"]), ("epoch", "1735689600"), ("remove", ["usr/share/x"]),
        ])
        for (name, value) in changes { object[name] = value }
        return try ImageRecipe(CanonicalJSON.encode(.object(object)))
    }

    @Test func `reads a recipe`() throws {
        let recipe = try recipe()
        #expect(recipe.packages == ["python3", "libstdc++6"] && recipe.epoch == 1_735_689_600)
        #expect(try self.recipe([("remove", nil)]).remove.isEmpty)
    }

    @Test(
        arguments: [
            ("format", "glovebox-image/2"), ("name", "../x"), ("suite", "--mode=root"), ("variant", "apt"),
            ("packages", ["-o=x"]), ("packages", ["a b"]), ("packages", ["a,b"]), ("packages", "python3"),
            ("epoch", "now"), ("epoch", "4294967296"), ("remove", ["../etc"]), ("remove", ["/etc"]),
            ("remove", ["a'; id '"]), ("remove", ["$(id)"]), ("remove", "etc"), ("variant", nil), ("hooks", []),
        ] as [(String, JSONValue?)]
    )
    func `refuses a recipe with anything but plain texts`(field: String, value: JSONValue?) {
        #expect(throws: GloveboxError.self) { try recipe([(field, value)]) }
    }

    @Test func `gives mmdebstrap arguments and sources without a shell between`() throws {
        let arguments = Bootstrap(recipe: try recipe()).arguments(archive: "/w/t.tar", sources: ["/s"], isRoot: false)
        #expect(arguments.first == "--mode=unshare" && arguments.suffix(3) == ["bookworm", "/w/t.tar", "/s"])
        #expect(arguments.contains("--include=python3,libstdc++6"))
        #expect(arguments.contains("--customize-hook=chroot \"$1\" rm -rf -- '/usr/share/x'"))
    }

    @Test func `lists the installed packages of a dpkg status file by name`() {
        let status = """
            Package: zlib1g
            Status: install ok installed
            Architecture: amd64
            Version: 1:1.2.13

            Package: gone
            Status: deinstall ok config-files
            Version: 1

            Package: apt
            Status: install ok installed
            Version: 2.6.1
            Description: x
             Package: trap

            """
        let packages = PackageList.installed(status: Array(status.utf8))
        #expect(packages.map { "\($0.name)=\($0.version)" } == ["apt=2.6.1", "zlib1g=1:1.2.13"])
    }

    @Test func `writes a lock it reads back and tells what changed`() throws {
        let old = [ImagePackage(name: "a", version: "1"), ImagePackage(name: "b", version: "1")]
        let new = [ImagePackage(name: "b", version: "2"), ImagePackage(name: "c", version: "1")]
        #expect(try ImageLock(ImageLock(packages: old).bytes).packages == old)
        #expect(PackageList.changes(from: old, to: new) == ["- a 1", "~ b 1 -> 2", "+ c 1"])
        #expect(PackageList.changes(from: old, to: old).isEmpty)
    }

    @Test func `refuses a locked build without a lock before anything is fetched`() throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: "\(directory)/store")
            let text = #"""
                {"format":"glovebox-image/1","name":"x","suite":"s","variant":"minbase","packages":[],"epoch":"0"}
                """#
            try StoreFiles.replace("\(directory)/recipe.json", Array(text.utf8))
            #expect(throws: GloveboxError("image.lock", "")) {
                try ImageBuilder.build(recipe: directory, store: store, locked: true) { _ in }
            }
        }
    }

    @Test func `knows images and archives by their heads`() {
        #expect(ImageFormat(head: imageBytes(0)) == .erofs)
        #expect(ImageFormat(head: Array("hsqs".utf8)) == .squashfs)
        #expect(ImageFormat(head: []) == nil)
        #expect(ImageFormat.isArchive(head: [UInt8](repeating: 0, count: 257) + "ustar".utf8))
        #expect(!ImageFormat.isArchive(head: imageBytes(0)))
    }
}
