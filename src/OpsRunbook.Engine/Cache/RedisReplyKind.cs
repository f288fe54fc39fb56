namespace OpsRunbook.Engine.Cache;

/// <summary>Kinds of reply, of both versions of the protocol.</summary>
public enum RedisReplyKind
{
    /// <summary>Nothing: no such key, no such element.</summary>
    Null,

    /// <summary>A short line such as <c>OK</c>.</summary>
    Status,

    /// <summary>The server refused the command.</summary>
    Error,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>Bytes: a value, or a number with a fraction or too large for 64 bits as text.</summary>
    Bulk,

    /// <summary>A list of replies; also a set.</summary>
    Array,

    /// <summary>Keys and values in turn.</summary>
    Map,

    /// <summary>A message that answers no command.</summary>
    Push,
}
