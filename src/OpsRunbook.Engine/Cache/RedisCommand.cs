using System.Buffers;
using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Cache;

/// <summary>A command with its arguments.</summary>
/// <param name="Arguments">Name of the command and what follows it.</param>
public readonly record struct RedisCommand(params RedisArgument[] Arguments)
{
    /// <summary>Name of the command, for messages. Its arguments may be secret and are never printed.</summary>
    public string Name => Arguments is [var first, ..] ? Encoding.UTF8.GetString(first.Bytes.Span) : string.Empty;

    /// <summary>Appends the command as an array of bulk strings.</summary>
    /// <param name="output">Where it goes.</param>
    internal void WriteTo(ArrayBufferWriter<byte> output)
    {
        Header(output, '*', Arguments.Length);
        foreach (var argument in Arguments)
        {
            Header(output, '$', argument.Bytes.Length);
            output.Write(argument.Bytes.Span);
            output.Write("\r\n"u8);
        }
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
