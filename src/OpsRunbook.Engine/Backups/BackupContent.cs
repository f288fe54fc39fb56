using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Backups;

/// <summary>What the first bytes of a file tell about it.</summary>
/// <param name="Format">How the data is written.</param>
/// <param name="Compression">Compression around it.</param>
/// <param name="Engine">Kind of server that it comes from.</param>
internal sealed partial record BackupContent(BackupFormat Format, BackupCompression Compression, BackupEngine Engine)
{
    /// <summary>So many bytes are enough.</summary>
    public const int HeadBytes = 4096;

    /// <summary>Database that it names; null for none.</summary>
    public string? Database { get; private init; }

    /// <summary>Version of the server that it names; null for none.</summary>
    public string? ServerVersion { get; private init; }

    /// <summary>Program that made it; null when it does not tell.</summary>
    public string? Tool { get; private init; }

    /// <summary>Looks at the first bytes of a file.</summary>
    /// <param name="head">The bytes as they are in the file.</param>
    /// <param name="inner">The bytes after unpacking, for what this program cannot unpack itself; empty for none.</param>
    /// <returns>What it is; null when it is no dump.</returns>
    public static BackupContent? Recognize(ReadOnlySpan<byte> head, ReadOnlySpan<byte> inner = default)
    {
        if (head.StartsWith((byte[])[0x1f, 0x8b]))
        {
            return Plain(Unzip(head)) is { } zipped ? zipped with { Compression = BackupCompression.Gzip } : null;
        }

        if (head.StartsWith((byte[])[0x28, 0xb5, 0x2f, 0xfd]))
        {
            return Plain(inner) is { } packed ? packed with { Compression = BackupCompression.Zstd } : null;
        }

        return Plain(head);
    }

    private static BackupContent? Plain(ReadOnlySpan<byte> data)
    {
        if (data.StartsWith("PGDMP"u8))
        {
            return new BackupContent(BackupFormat.PostgreSqlCustom, BackupCompression.None, BackupEngine.PostgreSql);
        }

        if (data.StartsWith("REDIS0"u8))
        {
            return new BackupContent(BackupFormat.RedisRdb, BackupCompression.None, BackupEngine.Redis);
        }

        var text = Encoding.UTF8.GetString(data);
        if (text.Contains("-- PostgreSQL database cluster dump", StringComparison.Ordinal))
        {
            return Sql(BackupFormat.PostgreSqlAll, BackupEngine.PostgreSql, text);
        }

        if (text.Contains("-- PostgreSQL database dump", StringComparison.Ordinal))
        {
            return Sql(BackupFormat.PostgreSqlPlain, BackupEngine.PostgreSql, text);
        }

        return MySqlTool().IsMatch(text) ? Sql(BackupFormat.MySqlPlain, BackupEngine.MySql, text) : null;
    }

    private static BackupContent Sql(BackupFormat format, BackupEngine engine, string text) => new(format, BackupCompression.None, engine)
    {
        Database = Value(MySqlDatabase(), text),
        ServerVersion = Value(ServerVersionLine(), text),
        Tool = Value(PostgreSqlTool(), text) ?? Value(MySqlTool(), text),
    };

    private static string? Value(Regex pattern, string text) =>
        pattern.Match(text) is { Success: true } match && match.Groups[1].Value.Trim() is { Length: > 0 } value ? value : null;

    // What can be unpacked of the beginning; the rest of the file is not here.
    private static byte[] Unzip(ReadOnlySpan<byte> head)
    {
        using var source = new MemoryStream(head.ToArray());
        using var unpacked = new GZipStream(source, CompressionMode.Decompress);
        var data = new byte[HeadBytes];
        var length = 0;
        try
        {
            int count;
            while (length < data.Length && (count = unpacked.Read(data, length, data.Length - length)) > 0)
            {
                length += count;
            }
        }
        catch (InvalidDataException)
        {
            // What came before is still what it is.
        }

        return data[..length];
    }

    [GeneratedRegex(@"^-- ((?:MariaDB|MySQL) dump [^\r\n]*)", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex MySqlTool();

    [GeneratedRegex(@"^-- Host: [^\r\n]*?Database: *([^\r\n]*)", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex MySqlDatabase();

    [GeneratedRegex(@"^-- (?:Dumped from database version|Server version) *([^\r\n]*)", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex ServerVersionLine();

    [GeneratedRegex(@"^-- Dumped by (pg_dump version [^\r\n]*)", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex PostgreSqlTool();
}
