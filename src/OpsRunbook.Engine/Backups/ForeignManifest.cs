using System.Text.Json;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// Reads the <c>manifest.json</c> of somebody else's script: checksums by file name, under <c>checksums</c>,
/// <c>sha256</c>, <c>md5</c> or <c>files</c>, as an object or a list.
/// </summary>
internal static class ForeignManifest
{
    private static readonly string[] Sections = ["checksums", "sha256", "sha1", "md5", "files"];
    private static readonly string[] NameKeys = ["path", "file", "name", "filename"];
    private static readonly string[] ChecksumKeys = ["sha256", "checksum", "hash", "sha1", "md5"];
    private static readonly string[] SizeKeys = ["bytes", "size"];

    /// <summary>The files that it lists with a checksum.</summary>
    /// <param name="content">What is in the file.</param>
    /// <param name="problem">Why it must not be used; null when it may.</param>
    /// <returns>The files; null when it lists none.</returns>
    public static IReadOnlyList<ManifestFile>? Read(ReadOnlySpan<byte> content, out string? problem)
    {
        problem = null;
        JsonElement document;
        try
        {
            var reader = new Utf8JsonReader(content);
            document = JsonElement.ParseValue(ref reader);
        }
        catch (JsonException)
        {
            problem = "its manifest.json is not valid JSON";
            return null;
        }

        if (document.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        foreach (var section in Sections)
        {
            var files = document.TryGetProperty(section, out var found) ? Files(found) : [];
            if (files.Find(file => !BackupManifest.IsInside(file.Path)) is { } outside)
            {
                problem = $"its manifest names '{outside.Path}', which is outside the set";
                return null;
            }

            if (files.Count > 0)
            {
                return files;
            }
        }

        return null;
    }

    private static List<ManifestFile> Files(JsonElement section)
    {
        IEnumerable<ManifestFile?> files = section.ValueKind switch
        {
            JsonValueKind.Object => section.EnumerateObject().Select(entry => File(entry.Name, entry.Value)),
            JsonValueKind.Array => section.EnumerateArray().Select(entry => Text(entry, NameKeys) is { } name ? File(name, entry) : null),
            _ => [],
        };
        return files.OfType<ManifestFile>().ToList();
    }

    private static ManifestFile? File(string name, JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString() : Text(value, ChecksumKeys);
        var checksum = text?[(text.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim().ToLowerInvariant();
        if (checksum is not { Length: 32 or 40 or 64 } || !checksum.All(char.IsAsciiHexDigit))
        {
            return null;
        }

        var path = name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;
        return new ManifestFile { Path = path, Bytes = Size(value), Sha256 = checksum.Length == 64 ? checksum : null, WeakChecksum = checksum.Length == 64 ? null : checksum };
    }

    private static string? Text(JsonElement value, string[] keys) => value.ValueKind != JsonValueKind.Object
        ? null
        : keys.Select(key => value.TryGetProperty(key, out var found) && found.ValueKind == JsonValueKind.String ? found.GetString() : null).FirstOrDefault(text => text is not null);

    private static long? Size(JsonElement value) => value.ValueKind != JsonValueKind.Object
        ? null
        : SizeKeys.Select(key => value.TryGetProperty(key, out var found) && found.ValueKind == JsonValueKind.Number && found.TryGetInt64(out var size) ? size : (long?)null).FirstOrDefault(size => size is not null);
}
