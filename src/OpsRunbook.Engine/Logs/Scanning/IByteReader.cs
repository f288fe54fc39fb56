namespace OpsRunbook.Engine.Logs.Scanning;

/// <summary>Bytes of a log by their place. One that unpacks gives them in their order only.</summary>
internal interface IByteReader : IDisposable
{
    /// <summary>Reads some bytes.</summary>
    /// <param name="buffer">Takes them.</param>
    /// <param name="position">Where they begin.</param>
    /// <returns>How many; 0 at the end.</returns>
    int Read(Span<byte> buffer, long position);
}
