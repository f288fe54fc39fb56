using System.Runtime.InteropServices;

namespace OpsRunbook.ConsoleRunner;

/// <summary>
/// Standard output that tells when its reader has gone. The runtime's own console stream takes a broken
/// pipe for success, and <c>opsrunbook … | head -1</c> would work on for nobody.
/// </summary>
internal sealed class StandardOutput : Stream
{
    private const int Descriptor = 1;
    private const int Interrupted = 4;
    private const int TryAgain = 11;
    private const int BrokenPipe = 32;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static Stream Open() => OperatingSystem.IsLinux() ? new StandardOutput() : Console.OpenStandardOutput();

    public override void Write(byte[] buffer, int offset, int count)
    {
        while (count > 0)
        {
            var written = (int)NativeWrite(Descriptor, ref buffer[offset], (nuint)count);
            if (written >= 0)
            {
                offset += written;
                count -= written;
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    break;
                case TryAgain:
                    // The other end left the pipe in non-blocking mode and is slow.
                    Thread.Sleep(5);
                    break;
                case BrokenPipe:
                    throw new CommandEndedException();
                case var code:
                    throw new IOException(Marshal.GetPInvokeErrorMessage(code));
            }
        }
    }

    public override void Flush()
    {
        // Nothing is kept back.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern nint NativeWrite(int descriptor, ref byte buffer, nuint count);
}
