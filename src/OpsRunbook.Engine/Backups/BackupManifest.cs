using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// What is known of a set: <c>manifest.json</c> in its folder, or <c>NAME.manifest.json</c> beside a set that somebody
/// else made.
/// </summary>
internal sealed record BackupManifest
{
    /// <summary>Name of the file in a set's folder.</summary>
    public const string FileName = "manifest.json";

    /// <summary>What is appended to the name of a set that somebody else made.</summary>
    public const string Suffix = ".manifest.json";

    /// <summary>Largest manifest that is read.</summary>
    public const int MaximumBytes = 32 * 1024 * 1024;

    /// <summary>What the manifests of this module say that they are.</summary>
    public const string KindText = "opsrunbook-backup";

    /// <summary>Version of the form that is written, and the newest that is understood.</summary>
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Layout = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    /// <summary>Always <see cref="KindText"/>.</summary>
    public string Kind { get; init; } = KindText;

    /// <summary>Version of the form.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Name of the backup in the stack, or its address.</summary>
    public required string Name { get; init; }

    /// <summary>Kind of server.</summary>
    public BackupEngine Engine { get; init; }

    /// <summary>Name of the database on its server; null for all of them.</summary>
    public string? Database { get; init; }

    /// <summary>How the data is written.</summary>
    public BackupFormat Format { get; init; }

    /// <summary>Compression around it.</summary>
    public BackupCompression Compression { get; init; }

    /// <summary>Number of the set; null in the manifest of a set that somebody else made.</summary>
    public long? Sequence { get; init; }

    /// <summary>Begin, UTC; null when it is not known.</summary>
    public DateTime? Started { get; init; }

    /// <summary>End, UTC; null when it is not known.</summary>
    public DateTime? Ended { get; init; }

    /// <summary>Server as seen from its host, for people.</summary>
    public string? Server { get; init; }

    /// <summary>Version of the server.</summary>
    public string? ServerVersion { get; init; }

    /// <summary>Program that made the dump, with its version.</summary>
    public string? Tool { get; init; }

    /// <summary>Who made it, <c>user@machine</c>.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>Size of all files, in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>The files.</summary>
    public IReadOnlyList<ManifestFile> Files { get; init; } = [];

    /// <summary>Rows of each table; null when they were not counted.</summary>
    public IReadOnlyList<ManifestTable>? Tables { get; init; }

    /// <summary>The tests, one for each level and the last one made at the end: the order is that of the tests, whatever a clock says.</summary>
    public IReadOnlyList<BackupVerdict> Verdicts { get; init; } = [];

    /// <summary>What a later version of this module wrote, kept as it is.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Other { get; init; }

    /// <summary>The manifest as it is written.</summary>
    /// <returns>UTF-8.</returns>
    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Layout), (byte)'\n'];

    /// <summary>The manifest with one more verdict.</summary>
    /// <param name="verdict">The verdict; it takes the place of an earlier one at its level.</param>
    /// <returns>The manifest to write.</returns>
    public BackupManifest With(BackupVerdict verdict) => this with { Verdicts = [.. Verdicts.Where(known => known.Level != verdict.Level), verdict] };

    /// <summary>Reads a manifest of ours.</summary>
    /// <param name="content">What is in the file.</param>
    /// <param name="problem">Why it cannot be read; null when it can, or is not ours.</param>
    /// <returns>The manifest; null when it is not ours or cannot be read.</returns>
    public static BackupManifest? Read(ReadOnlySpan<byte> content, out string? problem)
    {
        problem = null;
        try
        {
            var reader = new Utf8JsonReader(content);
            var document = JsonElement.ParseValue(ref reader);
            if (document.ValueKind != JsonValueKind.Object || !document.TryGetProperty("kind", out var kind) || kind.ValueKind != JsonValueKind.String || kind.GetString() != KindText)
            {
                return null;
            }

            if (!document.TryGetProperty("version", out var version) || version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out var number) || number < 1)
            {
                problem = "its manifest has no version";
                return null;
            }

            if (number > CurrentVersion)
            {
                problem = FormattableString.Invariant($"its manifest has version {number}, and this module understands versions up to {CurrentVersion}");
                return null;
            }

            var manifest = document.Deserialize<BackupManifest>(Layout)!;
            problem = manifest.Files is null || manifest.Verdicts is null ? "its manifest lists no files" : manifest.Files.Select(Invalid).FirstOrDefault(found => found is not null);
            return problem is null ? manifest : null;
        }
        catch (JsonException)
        {
            problem = "its manifest is not valid JSON of this form";
            return null;
        }
    }

    /// <summary>A path stays below the set.</summary>
    /// <param name="path">Path of a manifest or an archive.</param>
    /// <returns>True when it can be joined to the set's folder without leaving it.</returns>
    public static bool IsInside(string path) =>
        path.Length > 0 && !path.Contains('\\', StringComparison.Ordinal) && !path.Contains('\0', StringComparison.Ordinal)
        && path.Split('/').All(part => part.Length > 0 && part is not ("." or ".."));

    private static string? Invalid(ManifestFile? file) =>
        file?.Path is null ? "its manifest lists a file without a name"
        : !IsInside(file.Path) ? $"its manifest names '{file.Path}', which is outside the set"
        : null;
}
