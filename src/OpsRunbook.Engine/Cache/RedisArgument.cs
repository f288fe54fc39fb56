using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Cache;

/// <summary>One argument of a command: bytes, because keys and values need not be text.</summary>
/// <param name="Bytes">The bytes as sent.</param>
public readonly record struct RedisArgument(ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Text as UTF-8.</summary>
    /// <param name="text">The text.</param>
    public static implicit operator RedisArgument(string text) => FromString(text);

    /// <summary>A number in decimal digits.</summary>
    /// <param name="number">The number.</param>
    public static implicit operator RedisArgument(long number) => FromInt64(number);

    /// <summary>Bytes as they are.</summary>
    /// <param name="bytes">The bytes.</param>
    public static implicit operator RedisArgument(ReadOnlyMemory<byte> bytes) => new(bytes);

    /// <summary>Text as UTF-8.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The argument.</returns>
    public static RedisArgument FromString(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>A number in decimal digits.</summary>
    /// <param name="number">The number.</param>
    /// <returns>The argument.</returns>
    public static RedisArgument FromInt64(long number) => new(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
}
