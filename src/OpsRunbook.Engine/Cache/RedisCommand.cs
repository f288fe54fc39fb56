using System.Buffers;
using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Cache;

/// <summary>A command with its arguments.</summary>
/// <param name="Arguments">Name of the command and what follows it.</param>
/// <param name="Last">One more argument after those; null for none. Saves a list for each key when a command is sent for many.</param>
public readonly record struct RedisCommand(RedisArgument[] Arguments, RedisArgument? Last)
{
    /// <summary>Creates a command.</summary>
    /// <param name="arguments">Name of the command and what follows it.</param>
    public RedisCommand(params RedisArgument[] arguments)
        : this(arguments, null)
    {
    }

    /// <summary>Name of the command, for messages. Its arguments may be secret and are never printed.</summary>
    public string Name => Arguments is [var first, ..] ? Encoding.UTF8.GetString(first.Bytes.Span) : string.Empty;

    /// <summary>Appends the command as an array of bulk strings.</summary>
    /// <param name="output">Where it goes.</param>
    internal void WriteTo(ArrayBufferWriter<byte> output)
    {
        Header(output, '*', Arguments.Length + (Last is null ? 0 : 1));
        foreach (var argument in Arguments)
        {
            Write(output, argument);
        }

        if (Last is { } last)
        {
            Write(output, last);
        }
    }

    private static void Write(ArrayBufferWriter<byte> output, RedisArgument argument)
    {
        Header(output, '$', argument.Bytes.Length);
        output.Write(argument.Bytes.Span);
        output.Write("\r\n"u8);
    }

    private static void Header(ArrayBufferWriter<byte> output, char kind, int length)
    {
        var span = output.GetSpan(16);
        span[0] = (byte)kind;
        length.TryFormat(span[1..], out var digits, provider: CultureInfo.InvariantCulture);
        span[digits + 1] = (byte)'\r';
        span[digits + 2] = (byte)'\n';
        output.Advance(digits + 3);
    }
}
