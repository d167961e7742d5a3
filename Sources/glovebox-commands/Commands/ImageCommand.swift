import ArgumentParser
import GloveboxCore
import GloveboxImages
import GloveboxLocalCommands

/// The command `glovebox image`.
struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Manage root-filesystem images; the SHA-256 of an image is its name.",
        subcommands: [Add.self, Build.self, List.self, Show.self]
    )

    /// Where images are kept.
    struct StoreOption: ParsableArguments {
        @Option(name: .customLong("images"), help: ArgumentHelp("Image store.", valueName: "DIR"))
        var given: String?

        @Flag(help: "Print one JSON object.")
        var json = false

        func open() throws(GloveboxError) -> ImageStore {
            try ImageStore(directory: given ?? ImageStore.usual)
        }

        var terminal: Terminal { Terminal(json: json, quiet: false) }
    }

    static func lines(_ image: StoredImage) -> [String] {
        [
            Terminal.row("image", image.name ?? "(no name)"), Terminal.row("digest", image.digest.named),
            Terminal.row("file", "\(image.path), \(image.format), \(image.bytes >> 20) MiB"),
        ]
    }

    static func json(_ image: StoredImage) -> JSONValue {
        [
            "name": image.name.map { .string($0) } ?? .null, "digest": .string(image.digest.named),
            "format": .string(image.format), "bytes": .string(String(image.bytes)), "path": .string(image.path),
            "packages": .array(image.packages.map { .string("\($0.name) \($0.version)") }),
        ]
    }

    /// The command `glovebox image add`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an image from an EROFS or squashfs file, a directory, or a tar archive.",
            discussion: "EXAMPLE\n  glovebox image add rootfs.tar --name r-base"
        )

        @Argument(help: ArgumentHelp("Where it comes from.", valueName: "FILE|DIR|TAR"))
        var source: String

        @Option(help: "Name for it.")
        var name: String

        @Option(help: "Another name that stands for it; repeatable.")
        var alias: [String] = []

        @OptionGroup var store: StoreOption

        func run() async throws {
            try await Failure.report(store.terminal) {
                let opened = try store.open()
                let image = try ImageBuilder.add(source, store: opened, name: name)
                try opened.point(alias, at: name)
                store.terminal.result(ImageCommand.json(image), ImageCommand.lines(image))
            }
        }
    }

    /// The command `glovebox image build`.
    struct Build: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Build an image from a recipe; the same recipe and packages give the same bytes.",
            discussion: "EXAMPLE\n  glovebox image build Images/python"
        )

        @Argument(help: ArgumentHelp("Directory of the recipe.", valueName: "DIR"))
        var recipe: String

        @Flag(help: "Refuse when a package is not the version of the lock file.")
        var locked = false

        @OptionGroup var store: StoreOption

        func run() async throws {
            try await Failure.report(store.terminal) {
                let image = try ImageBuilder.build(recipe: recipe, store: store.open(), locked: locked) {
                    store.terminal.note($0)
                }
                store.terminal.result(ImageCommand.json(image), ImageCommand.lines(image))
            }
        }
    }

    /// The command `glovebox image list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List images.")

        @OptionGroup var store: StoreOption

        func run() async throws {
            try await Failure.report(store.terminal) {
                let images = try store.open().list()
                store.terminal.result(
                    ["items": .array(images.map(ImageCommand.json))],
                    images.map {
                        "\($0.name ?? "-")  \($0.digest)  \($0.bytes >> 20) MiB \($0.format)"
                    }
                )
            }
        }
    }

    /// The command `glovebox image show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show an image and its packages.")

        @Argument(help: "Name or digest.")
        var image: String

        @OptionGroup var store: StoreOption

        func run() async throws {
            try await Failure.report(store.terminal) {
                let image = try store.open().resolve(image)
                store.terminal.result(
                    ImageCommand.json(image),
                    ImageCommand.lines(image) + image.packages.map { "\($0.name) \($0.version)" }
                )
            }
        }
    }
}
