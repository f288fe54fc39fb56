using System.Runtime.CompilerServices;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.State;

/// <summary>
/// A journal in a file: one JSON object on each line, appended and flushed to disk. A line that a crash
/// left half written is ended by the next record, so that it spoils no other one.
/// </summary>
public sealed class FileJournal : IJournal
{
    private readonly string _path;

    /// <summary>Opens the journal. Nothing is written yet.</summary>
    /// <param name="folder">Folder of the file <c>journal.jsonl</c>; null for <see cref="StateFolder.Path"/>.</param>
    public FileJournal(string? folder = null) => _path = Path.Combine(folder ?? StateFolder.Path, "journal.jsonl");

    /// <inheritdoc/>
    public async Task AppendAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        var line = JournalFormat.Write(record);
        try
        {
            StateFolder.Create(Path.GetDirectoryName(_path)!);
            await using var file = await StateFolder.OpenAloneAsync(_path, cancellationToken);
            var start = file.Length;
            try
            {
                file.Position = start;
                byte[] written = EndsInLine(file) ? [.. line, (byte)'\n'] : [(byte)'\n', .. line, (byte)'\n'];
                await file.WriteAsync(written, cancellationToken);
                file.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                // A full disk may have taken half of the line.
                file.SetLength(start);
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OpsException(
                "Journal.NotWritten",
                OpsErrorKind.OperationFailed,
                $"The journal {_path} cannot be written: {error.Message}",
                "Mend the folder's permissions or free space, or name another folder in OPSRUNBOOK_STATE.",
                _path,
                error);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalRecord> ReadAsync(IOperationOutput output, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (!File.Exists(_path))
        {
            yield break;
        }

        using var reader = OpenToRead();
        var number = 0;
        var next = await reader.ReadLineAsync(cancellationToken);
        while (next is { } line)
        {
            number++;
            next = await reader.ReadLineAsync(cancellationToken);
            if (JournalFormat.Read(line) is { } record)
            {
                yield return record;
            }
            else if (next is null)
            {
                // Somebody writes it just now, or a crash cut it; the next record will show which.
                output.Verbose($"The last line of {_path} is not whole and was left out.");
            }
            else
            {
                output.Error(new OpsException(
                    "Journal.Corrupt",
                    OpsErrorKind.InvalidData,
                    $"Line {number} of the journal {_path} is not a record: {(line.StartsWith('{') ? "a crash cut it, or it was changed" : "something else wrote there")}.",
                    "The other records are shown. Look at that line; a change may have been made that has no readable record.",
                    _path));
            }
        }
    }

    // Without a lock of any kind: who reads keeps nobody from writing, and reads while others write.
    private StreamReader OpenToRead()
    {
        try
        {
            return new StreamReader(LocalFiles.Open(_path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OpsException(
                "Journal.NotReadable", OpsErrorKind.OperationFailed, $"The journal {_path} cannot be read: {error.Message}", "Read it as the user whose changes it holds.", _path, error);
        }
    }

    private static bool EndsInLine(FileStream file)
    {
        if (file.Length == 0)
        {
            return true;
        }

        Span<byte> last = stackalloc byte[1];
        return RandomAccess.Read(file.SafeFileHandle, last, file.Length - 1) == 1 && last[0] == '\n';
    }
}
