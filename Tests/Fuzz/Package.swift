// swift-tools-version: 6.3
import PackageDescription

// The part of Glovebox that reads what comes from elsewhere. It needs no libraries of others but swift-crypto and Yams, so it
// builds in a minute or two under a sanitizer, which the whole package does not. `Sources` and the folders of tests are links: nothing
// exists twice.

/// As in the package itself.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "glovebox-fuzz",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CGloveboxLinux"),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "GloveboxCore", swiftSettings: strict),
        .target(name: "GloveboxPlan", swiftSettings: strict),
        .target(name: "GloveboxTables", dependencies: ["CZlib", "GloveboxCore"], swiftSettings: strict),
        .target(name: "GloveboxDocuments", dependencies: ["GloveboxCore", yams], swiftSettings: strict),
        .target(
            name: "GloveboxPolicy",
            dependencies: ["GloveboxCore", "GloveboxTables", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxLinux",
            dependencies: ["CGloveboxLinux", "CSeccomp", "GloveboxCore"],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxJail",
            dependencies: ["CGloveboxLinux", "GloveboxCore", "GloveboxLinux", "GloveboxPlan", crypto],
            resources: [.embedInCode("Profiles")],
            swiftSettings: strict
        ),
        .target(name: "GloveboxTransparency", dependencies: ["GloveboxCore", crypto], swiftSettings: strict),
        .target(
            name: "GloveboxStore",
            dependencies: ["GloveboxCore", "GloveboxTransparency", crypto],
            swiftSettings: strict
        ),

        .target(name: "TestSupport", dependencies: ["GloveboxLinux"], path: "Support", swiftSettings: strict),
        .testTarget(name: "GloveboxCoreTests", dependencies: ["GloveboxCore"], path: "Core", swiftSettings: strict),
        .testTarget(
            name: "GloveboxJailTests",
            dependencies: ["GloveboxCore", "GloveboxJail", "GloveboxLinux", "GloveboxPlan", "TestSupport"],
            path: "Jail",
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxStoreTests",
            dependencies: ["GloveboxCore", "GloveboxStore", "GloveboxTransparency", crypto],
            path: "Store",
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxTablesTests",
            dependencies: ["GloveboxCore", "GloveboxTables"],
            path: "Tables",
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxTransparencyTests",
            dependencies: ["GloveboxCore", "GloveboxTransparency", crypto],
            path: "Transparency",
            swiftSettings: strict
        ),
    ]
)

// The fuzzer has no main function of its own, so it is built only where libFuzzer gives it one.
if Context.environment["GLOVEBOX_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzzer",
            dependencies: [
                "GloveboxCore", "GloveboxDocuments", "GloveboxJail", "GloveboxLinux", "GloveboxPlan", "GloveboxPolicy",
                "GloveboxTables", "GloveboxTransparency",
            ],
            path: "Fuzzer",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]
        )
    )
}
