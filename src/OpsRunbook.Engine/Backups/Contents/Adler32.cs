namespace OpsRunbook.Engine.Backups;

/// <summary>The checksum at the end of a zlib stream. https://www.rfc-editor.org/rfc/rfc1950</summary>
internal struct Adler32
{
    private const uint Modulus = 65521;

    // So many bytes can be summed up before 32 bits overflow.
    private const int Stretch = 5552;

    private uint _a = 1;
    private uint _b;

    public Adler32()
    {
    }

    public readonly uint Value => (_b << 16) | _a;

    public void Append(ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            var part = data[..Math.Min(Stretch, data.Length)];
            var (a, b) = (_a, _b);
            foreach (var value in part)
            {
                a += value;
                b += a;
            }

            (_a, _b) = (a % Modulus, b % Modulus);
            data = data[part.Length..];
        }
    }
}
