using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Cache;

/// <summary>A reply of the server.</summary>
public sealed class RedisReply
{
    /// <summary>The reply that holds nothing.</summary>
    public static readonly RedisReply Null = new(RedisReplyKind.Null);

    // Sizes and counts of a million keys are mostly small numbers.
    private static readonly RedisReply[] SmallNumbers = [.. Enumerable.Range(0, 1024).Select(number => new RedisReply(RedisReplyKind.Integer) { Integer = number })];

    private RedisReply(RedisReplyKind kind) => Kind = kind;

    /// <summary>What it is.</summary>
    public RedisReplyKind Kind { get; }

    /// <summary>Content of a status, an error or a bulk reply; empty for the others.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private init; }

    /// <summary>Value of an integer reply; 0 for the others.</summary>
    public long Integer { get; private init; }

    /// <summary>Elements of an array, map or push; empty for the others.</summary>
    public IReadOnlyList<RedisReply> Items { get; private init; } = [];

    /// <summary>The server refused the command.</summary>
    public bool IsError => Kind == RedisReplyKind.Error;

    /// <summary>Content as text, invalid UTF-8 replaced.</summary>
    public string Text => Kind == RedisReplyKind.Integer
        ? Integer.ToString(CultureInfo.InvariantCulture)
        : Encoding.UTF8.GetString(Bytes.Span);

    /// <inheritdoc/>
    public override string ToString() => Items.Count > 0 ? $"{Kind} of {Items.Count}" : Text;

    internal static RedisReply Of(RedisReplyKind kind, ReadOnlyMemory<byte> bytes) => new(kind) { Bytes = bytes };

    internal static RedisReply Of(long integer) =>
        integer >= 0 && integer < SmallNumbers.Length ? SmallNumbers[integer] : new(RedisReplyKind.Integer) { Integer = integer };

    internal static RedisReply Of(RedisReplyKind kind, IReadOnlyList<RedisReply> items) => new(kind) { Items = items };
}
