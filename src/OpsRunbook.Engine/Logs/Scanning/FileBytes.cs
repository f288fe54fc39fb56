using Microsoft.Win32.SafeHandles;

namespace OpsRunbook.Engine.Logs.Scanning;

/// <summary>
/// A file that is read by place, from several threads. It is read, not mapped: a mapped log that is truncated while it is
/// looked at would end the whole process.
/// </summary>
/// <param name="handle">The open file.</param>
internal sealed class FileBytes(SafeFileHandle handle) : IByteReader
{
    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long position) => buffer.IsEmpty ? 0 : RandomAccess.Read(handle, buffer, position);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();
}
