using System.Buffers;
using System.Text;

namespace OpsRunbook.Engine.Cache;

/// <summary>
/// Shows a command of somebody else without what it carries: names, keys, patterns and numbers of commands that hold nothing
/// else are shown, and of all others the keys at the most. What is not known here is hidden.
/// </summary>
internal static class CommandText
{
    private const string Hidden = "***";
    private const int MostArguments = 20;

    private static readonly SearchValues<char> Ambiguous = SearchValues.Create(" \"'\t\r\n");

    // Nothing but keys, patterns, positions and options.
    private static readonly HashSet<string> Harmless = new(
        (
            "KEYS SCAN HSCAN SSCAN ZSCAN DBSIZE RANDOMKEY EXISTS TYPE TTL PTTL EXPIRETIME PEXPIRETIME EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST GET MGET GETDEL DEL UNLINK "
            + "TOUCH STRLEN GETRANGE SUBSTR LLEN LRANGE LINDEX LPOP RPOP LTRIM BLPOP BRPOP LMOVE BLMOVE RPOPLPUSH BRPOPLPUSH HLEN HGETALL HKEYS HVALS SCARD SMEMBERS SPOP "
            + "SRANDMEMBER SINTER SUNION SDIFF SINTERSTORE SUNIONSTORE SDIFFSTORE SINTERCARD ZCARD ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZCOUNT ZREMRANGEBYRANK "
            + "ZREMRANGEBYSCORE ZPOPMIN ZPOPMAX BZPOPMIN BZPOPMAX ZUNION ZINTER ZDIFF ZUNIONSTORE ZINTERSTORE ZDIFFSTORE SORT SORT_RO FLUSHALL FLUSHDB SELECT SWAPDB INFO PING "
            + "RENAME RENAMENX COPY MOVE DUMP OBJECT MEMORY XLEN XRANGE XREVRANGE XREAD XREADGROUP XTRIM XINFO PFCOUNT PFMERGE BITCOUNT BITPOS BITOP SLOWLOG LATENCY CLUSTER REPLICAOF "
            + "SLAVEOF WAIT MULTI EXEC DISCARD WATCH UNWATCH SUBSCRIBE PSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE MONITOR SAVE BGSAVE BGREWRITEAOF LASTSAVE TIME ROLE SHUTDOWN COMMAND")
        .Split(' '),
        StringComparer.Ordinal);

    // A key, and then what is nobody's business.
    private static readonly HashSet<string> KeyFirst = new(
        (
            "SET SETEX PSETEX SETNX GETSET GETEX APPEND INCR INCRBY DECR DECRBY INCRBYFLOAT SETRANGE SETBIT GETBIT BITFIELD BITFIELD_RO LPUSH RPUSH LPUSHX RPUSHX LINSERT LSET LREM LPOS "
            + "HSET HMSET HSETNX HGET HMGET HDEL HEXISTS HINCRBY HINCRBYFLOAT HSTRLEN HRANDFIELD SADD SREM SISMEMBER SMISMEMBER SMOVE ZADD ZREM ZSCORE ZMSCORE ZRANK ZREVRANK ZINCRBY "
            + "ZRANGEBYLEX ZREVRANGEBYLEX ZLEXCOUNT ZREMRANGEBYLEX GEOADD GEOPOS GEODIST GEOHASH GEORADIUS GEOSEARCH XADD XDEL XACK XCLAIM XAUTOCLAIM XPENDING PFADD RESTORE PUBLISH SPUBLISH")
        .Split(' '),
        StringComparer.Ordinal);

    private static readonly HashSet<string> WithSubcommand =
        new("CONFIG CLIENT ACL SCRIPT FUNCTION XGROUP DEBUG PUBSUB MODULE".Split(' '), StringComparer.Ordinal);

    /// <summary>Name of a command, in capitals.</summary>
    /// <param name="arguments">Name and arguments.</param>
    /// <returns>The name; empty for nothing.</returns>
    public static string Name(IReadOnlyList<ReadOnlyMemory<byte>> arguments) =>
        arguments.Count == 0 ? string.Empty : KeyText.Of(arguments[0].Span, out _).ToUpperInvariant();

    /// <summary>The command to show.</summary>
    /// <param name="arguments">Name and arguments.</param>
    /// <returns>One line, unless a key has more.</returns>
    public static string Show(IReadOnlyList<ReadOnlyMemory<byte>> arguments)
    {
        var name = Name(arguments);
        var parts = new List<string> { name };
        if (Harmless.Contains(name))
        {
            parts.AddRange(arguments.Skip(1).Take(MostArguments).Select(Quote));
            if (arguments.Count > MostArguments + 1)
            {
                parts.Add($"… ({arguments.Count - MostArguments - 1} more)");
            }

            return string.Join(' ', parts);
        }

        var shown = Math.Min(arguments.Count, name switch
        {
            _ when KeyFirst.Contains(name) => 2,
            "EVALSHA" or "EVALSHA_RO" or "FCALL" or "FCALL_RO" => 2,
            _ when WithSubcommand.Contains(name) => 2,
            _ => 1,
        });
        parts.AddRange(arguments.Skip(1).Take(shown - 1).Select(Quote));
        if (name is "MSET" or "MSETNX")
        {
            parts.AddRange(arguments.Skip(1).Take(MostArguments).Select((argument, place) => place % 2 == 0 ? Quote(argument) : Hidden));
        }
        else if (name == "CONFIG" && arguments.Count > 2 && Quote(arguments[1]).Equals("GET", StringComparison.OrdinalIgnoreCase))
        {
            parts.AddRange(arguments.Skip(2).Select(Quote));
        }
        else if (arguments.Count > shown)
        {
            parts.Add(Hidden);
        }

        return string.Join(' ', parts);
    }

    private static string Quote(ReadOnlyMemory<byte> argument)
    {
        var text = KeyText.Of(argument.Span, out _);
        return text.Length > 0 && !text.AsSpan().ContainsAny(Ambiguous)
            ? text
            : new StringBuilder(text).Replace("\\", "\\\\").Replace("\"", "\\\"").Insert(0, '"').Append('"').ToString();
    }
}
