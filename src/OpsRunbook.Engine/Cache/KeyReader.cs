namespace OpsRunbook.Engine.Cache;

/// <summary>
/// Reads what there is to know about keys, many at a time. What the user has no right to is not asked again
/// and stays unknown; <see cref="Refusals"/> says so.
/// </summary>
/// <param name="pipeline">The connection.</param>
internal sealed class KeyReader(RedisPipeline pipeline)
{
    private static readonly (KeyAttribute Attribute, RedisArgument[] Command)[] Questions =
    [
        (KeyAttribute.Bytes, ["MEMORY", "USAGE"]),
        (KeyAttribute.TimeToLive, ["PTTL"]),
        (KeyAttribute.Idle, ["OBJECT", "IDLETIME"]),
        (KeyAttribute.Type, ["TYPE"]),
    ];

    private readonly Dictionary<KeyAttribute, OpsException> _refusals = [];

    /// <summary>Why an attribute cannot be read of any key.</summary>
    public IReadOnlyDictionary<KeyAttribute, OpsException> Refusals => _refusals;

    /// <summary>Keys of which at least one attribute could not be read, although it can be read of others.</summary>
    public long Hidden { get; private set; }

    /// <summary>Asks for attributes of keys.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="wanted">The attributes.</param>
    /// <param name="take">Takes the keys that still exist, when the answers are there.</param>
    public void Ask(IReadOnlyList<KeyFacts> keys, KeyAttribute wanted, Func<IReadOnlyList<KeyFacts>, ValueTask> take)
    {
        var asked = Questions.Where(question => wanted.HasFlag(question.Attribute) && !_refusals.ContainsKey(question.Attribute)).ToArray();
        var commands = new RedisCommand[keys.Count * asked.Length];
        var at = 0;
        foreach (var key in keys)
        {
            foreach (var (_, command) in asked)
            {
                commands[at++] = new RedisCommand(command, new RedisArgument(key.Key));
            }
        }

        pipeline.Add(commands, replies =>
        {
            var reply = 0;
            foreach (var key in keys)
            {
                var hidden = false;
                foreach (var (attribute, command) in asked)
                {
                    hidden |= !Set(key, attribute, replies[reply++], command);
                }

                Hidden += hidden ? 1 : 0;
            }

            return take(keys.Any(key => key.IsGone) ? keys.Where(key => !key.IsGone).ToList() : keys);
        });
    }

    /// <summary>Counts the elements of collections whose type is known.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="take">Takes the keys when the answers are there.</param>
    public void Count(IReadOnlyList<KeyFacts> keys, Func<IReadOnlyList<KeyFacts>, ValueTask> take)
    {
        var counted = keys.Where(key => Counter(key.Type) is not null).ToList();
        pipeline.Add(
            counted.Select(key => new RedisCommand([Counter(key.Type)!], new RedisArgument(key.Key))).ToList(),
            replies =>
            {
                for (var i = 0; i < replies.Count; i++)
                {
                    counted[i].Elements = replies[i].Kind == RedisReplyKind.Integer ? replies[i].Integer : null;
                }

                return take(keys);
            });
    }

    private static string? Counter(string? type) => type switch
    {
        "hash" => "HLEN",
        "list" => "LLEN",
        "set" => "SCARD",
        "zset" => "ZCARD",
        "stream" => "XLEN",
        _ => null,
    };

    // False when this one key keeps the attribute to itself.
    private bool Set(KeyFacts key, KeyAttribute attribute, RedisReply reply, RedisArgument[] command)
    {
        if (reply.IsError)
        {
            return Refuse(key, attribute, reply, command);
        }

        switch (attribute)
        {
            case KeyAttribute.Bytes:
                key.Bytes = reply.Integer;
                key.IsGone |= reply.Kind == RedisReplyKind.Null;
                break;
            case KeyAttribute.Idle:
                key.Idle = TimeSpan.FromSeconds(reply.Integer);
                key.IsGone |= reply.Kind == RedisReplyKind.Null;
                break;
            case KeyAttribute.TimeToLive:
                key.TimeToLive = reply.Integer >= 0 ? TimeSpan.FromMilliseconds(reply.Integer) : null;
                key.NeverExpires = reply.Integer == -1;
                key.IsGone |= reply.Integer == -2;
                break;
            default:
                key.Type = reply.Text;
                key.IsGone |= reply.Text == "none";
                break;
        }

        return true;
    }

    private bool Refuse(KeyFacts key, KeyAttribute attribute, RedisReply reply, RedisArgument[] command)
    {
        var text = reply.Text;
        if (text.StartsWith("MOVED", StringComparison.Ordinal) || text.StartsWith("ASK", StringComparison.Ordinal))
        {
            // It has gone to another node of the cluster, which shows it in its own turn.
            key.IsGone = true;
            return true;
        }

        // "… to access one of the keys" and its like are about this key only.
        if (text.StartsWith("NOPERM", StringComparison.Ordinal) && text.Contains("key", StringComparison.Ordinal))
        {
            return false;
        }

        var name = string.Join(' ', command.Select(part => KeyText.Of(part.Bytes.Span, out _)));
        _refusals.TryAdd(attribute, text.Contains("LFU", StringComparison.Ordinal)
            ? new OpsException(
                "Cache.IdleNotKept",
                OpsErrorKind.OperationFailed,
                $"{pipeline.Target} does not keep how long keys are idle, because its eviction policy is an LFU one.",
                "Leave -IdleFor away.",
                pipeline.Target)
            : RedisErrors.FromReply(reply, name, pipeline.Target));
        return true;
    }
}
