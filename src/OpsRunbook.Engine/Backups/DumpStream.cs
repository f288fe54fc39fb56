namespace OpsRunbook.Engine.Backups;

/// <summary>What came out of a program that wrote a dump.</summary>
/// <param name="Bytes">Number of bytes, before any compression.</param>
/// <param name="Head">The first of them.</param>
/// <param name="Tail">The last of them.</param>
internal sealed record DumpStream(long Bytes, byte[] Head, byte[] Tail);
