using System.Text.Json;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.State;

/// <summary>
/// A store in a folder: <c>journal.jsonl</c>, a file for each document in a folder of its kind, and a file for each lock in <c>locks</c>.
/// A document is written beside its place, flushed and renamed, so that a crash at any moment leaves the old or the new one.
/// Locks are those of the kernel, which ends them with their process; the file only says who holds one.
/// </summary>
public sealed class FileStateStore : IStateStore
{
    private const int Format = 1;

    // Who has just taken a lock needs a moment to say who it is.
    private static readonly TimeSpan HolderPatience = TimeSpan.FromSeconds(1);

    private readonly string _folder;

    /// <summary>Opens the store. Nothing is written yet.</summary>
    /// <param name="folder">The folder; null for <see cref="StateFolder.Path"/>.</param>
    public FileStateStore(string? folder = null)
    {
        _folder = Path.GetFullPath(folder ?? StateFolder.Path);
        Journal = new FileJournal(_folder);
    }

    /// <inheritdoc/>
    public string Location => _folder;

    /// <inheritdoc/>
    public IJournal Journal { get; }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StateDocument>> ListAsync(string kind, bool onlyOpen, CancellationToken cancellationToken)
    {
        StateErrors.CheckId(kind);
        var folder = Path.Combine(_folder, kind);
        string[] files;
        try
        {
            files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json") : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StateErrors.NotReadable($"The folder {folder}", error.Message, error);
        }

        var documents = new List<StateDocument>(files.Length);
        foreach (var file in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Read(kind, Path.GetFileNameWithoutExtension(file)) is { } document && (document.Open || !onlyOpen))
            {
                documents.Add(document);
            }
        }

        return Task.FromResult<IReadOnlyList<StateDocument>>([.. documents.OrderBy(document => document.Created).ThenBy(document => document.Id, StringComparer.Ordinal)]);
    }

    /// <inheritdoc/>
    public Task<StateDocument?> ReadAsync(string kind, string id, CancellationToken cancellationToken)
    {
        StateErrors.CheckId(kind);
        StateErrors.CheckId(id);
        return Task.FromResult(Read(kind, id));
    }

    /// <inheritdoc/>
    public async Task<long> WriteAsync(string kind, string id, ReadOnlyMemory<byte> json, bool open, long expected, CancellationToken cancellationToken)
    {
        StateErrors.CheckId(kind);
        StateErrors.CheckId(id);
        try
        {
            await using var gate = await OpenGateAsync(kind, cancellationToken);
            var present = Require(kind, id, expected);
            var now = DateTime.UtcNow;
            var next = new StateDocument(kind, id, expected + 1, present?.Created ?? now, now, open, json);
            Replace(FileOf(kind, id), Serialize(next));
            return next.Version;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StateErrors.NotWritten(FileOf(kind, id), error.Message, error);
        }
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(string kind, string id, long expected, CancellationToken cancellationToken)
    {
        StateErrors.CheckId(kind);
        StateErrors.CheckId(id);
        try
        {
            await using var gate = await OpenGateAsync(kind, cancellationToken);
            Require(kind, id, expected);
            File.Delete(FileOf(kind, id));
            LocalFiles.SyncFolder(Path.Combine(_folder, kind));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StateErrors.NotWritten(FileOf(kind, id), error.Message, error);
        }
    }

    /// <inheritdoc/>
    public async Task<IStateLock> LockAsync(string name, string purpose, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var path = Path.Combine(_folder, "locks", Uri.EscapeDataString(name) + ".lock");
        FileStream? file = null;
        try
        {
            CreateFolder("locks");
            var waited = System.Diagnostics.Stopwatch.StartNew();
            while ((file = StateFolder.TryOpenAlone(path)) is null)
            {
                var holder = ReadHolder(path);
                if (holder is { MayLive: true } || waited.Elapsed > HolderPatience)
                {
                    throw StateErrors.Locked(name, holder);
                }

                await Task.Delay(10, cancellationToken);
            }

            // The holder before was killed when its name is still there.
            file.SetLength(0);
            file.Write(LockHolder.Self(purpose).ToJson());
            file.Flush(flushToDisk: true);
            return new FileLock(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw StateErrors.NotWritten(path, error.Message, error);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static LockHolder? ReadHolder(string path)
    {
        using var file = LocalFiles.Open(path);
        using var content = new MemoryStream();
        file.CopyTo(content);
        return LockHolder.Parse(content.GetBuffer().AsSpan(0, (int)content.Length));
    }

    private static byte[] Serialize(StateDocument document)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("format", Format);
            writer.WriteString("kind", document.Kind);
            writer.WriteString("id", document.Id);
            writer.WriteNumber("version", document.Version);
            writer.WriteString("created", document.Created);
            writer.WriteString("written", document.Written);
            writer.WriteBoolean("open", document.Open);
            writer.WritePropertyName("content");
            writer.WriteRawValue(document.Json.Span);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    // Under the gate of the kind nobody else writes, so what lies beside is of somebody who was killed.
    private static void Replace(string path, byte[] content)
    {
        var folder = Path.GetDirectoryName(path)!;
        foreach (var left in Directory.EnumerateFiles(folder, ".*.new"))
        {
            File.Delete(left);
        }

        var beside = Path.Combine(folder, $".{Path.GetFileName(path)}.new");
        try
        {
            using (var file = StateFolder.TryOpenAlone(beside) ?? throw new IOException($"another process has {beside} open"))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            File.Delete(beside);
            throw;
        }

        LocalFiles.SyncFolder(folder);
    }

    private string FileOf(string kind, string id) => Path.Combine(_folder, kind, id + ".json");

    private string CreateFolder(string name)
    {
        var folder = Path.Combine(_folder, name);
        if (!Directory.Exists(folder))
        {
            StateFolder.Create(_folder);
            StateFolder.Create(folder);
            LocalFiles.SyncFolder(_folder);
        }

        return folder;
    }

    private Task<FileStream> OpenGateAsync(string kind, CancellationToken cancellationToken) =>
        StateFolder.OpenAloneAsync(Path.Combine(CreateFolder(kind), ".gate"), cancellationToken);

    private StateDocument? Require(string kind, string id, long expected)
    {
        var present = Read(kind, id);
        return (present?.Version ?? 0) == expected ? present : throw StateErrors.Changed(kind, id, expected, present?.Version ?? 0);
    }

    private StateDocument? Read(string kind, string id)
    {
        var path = FileOf(kind, id);
        byte[] content;
        try
        {
            using var file = LocalFiles.Open(path);
            using var buffer = new MemoryStream();
            file.CopyTo(buffer);
            content = buffer.ToArray();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StateErrors.NotReadable(path, error.Message, error);
        }

        try
        {
            return Parse(path, content) is { } document && document.Kind == kind && document.Id == id
                ? document
                : throw StateErrors.Corrupt(path, "it holds another document than its name says.");
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw StateErrors.Corrupt(path, content.Length == 0 ? "it is empty." : Array.TrueForAll(content, octet => octet == 0) ? "it holds zeros only." : "a part of it is missing or was changed.", error);
        }
    }

    private static StateDocument Parse(string path, byte[] content)
    {
        using var parsed = JsonDocument.Parse(content);
        var root = parsed.RootElement;
        var format = root.GetProperty("format").GetInt64();
        if (format is < 1 or > Format)
        {
            throw StateErrors.TooNew(path, format, Format);
        }

        var json = root.GetProperty("content");
        return new StateDocument(
            root.GetProperty("kind").GetString()!,
            root.GetProperty("id").GetString()!,
            root.GetProperty("version").GetInt64(),
            root.GetProperty("created").GetDateTime(),
            root.GetProperty("written").GetDateTime(),
            root.GetProperty("open").GetBoolean(),
            json.ValueKind == JsonValueKind.Object ? System.Text.Encoding.UTF8.GetBytes(json.GetRawText()) : throw new FormatException());
    }

    private sealed class FileLock(FileStream file) : IStateLock
    {
        public CancellationToken Lost => CancellationToken.None;

        public async ValueTask DisposeAsync()
        {
            // The file stays: removing one that another process has just opened would let two of them hold the lock.
            try
            {
                file.SetLength(0);
            }
            catch (IOException)
            {
                // Only the name of a former holder stays behind.
            }

            await file.DisposeAsync();
        }
    }
}
