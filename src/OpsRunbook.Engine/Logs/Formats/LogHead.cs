namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>What is read of every record that is looked at; the rest waits until the record is wanted.</summary>
/// <param name="Time">UTC ticks; 0 when the record has no time.</param>
/// <param name="Level">How grave it is.</param>
/// <param name="MessageStart">Where the message begins in the record.</param>
/// <param name="MessageLength">How long it is, with the lines that follow.</param>
/// <param name="IsEscaped">The message is the inside of a JSON string.</param>
internal readonly record struct LogHead(long Time, LogLevel Level, int MessageStart, int MessageLength, bool IsEscaped = false)
{
    /// <summary>The message as it is in the record.</summary>
    /// <param name="record">The record.</param>
    /// <returns>Its bytes.</returns>
    public ReadOnlySpan<byte> Message(ReadOnlySpan<byte> record) => record.Slice(MessageStart, MessageLength);
}
