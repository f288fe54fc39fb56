namespace OpsRunbook.Engine.Backups;

/// <summary>The checksum at the end of a Redis RDB file: CRC-64 of Jones, reflected, beginning with 0.</summary>
internal struct Crc64
{
    private const ulong Polynomial = 0x95AC9329AC4BC9B5;
    private const int Slices = 8;
    private static readonly ulong[][] Tables = CreateTables();

    private ulong _value;

    public readonly ulong Value => _value;

    public void Append(ReadOnlySpan<byte> data)
    {
        var value = _value;
        while (data.Length >= Slices)
        {
            value ^= System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(data);
            value = Tables[7][(byte)value] ^ Tables[6][(byte)(value >> 8)] ^ Tables[5][(byte)(value >> 16)] ^ Tables[4][(byte)(value >> 24)]
                ^ Tables[3][(byte)(value >> 32)] ^ Tables[2][(byte)(value >> 40)] ^ Tables[1][(byte)(value >> 48)] ^ Tables[0][value >> 56];
            data = data[Slices..];
        }

        foreach (var item in data)
        {
            value = Tables[0][(byte)(value ^ item)] ^ (value >> 8);
        }

        _value = value;
    }

    private static ulong[][] CreateTables()
    {
        var tables = Enumerable.Range(0, Slices).Select(_ => new ulong[256]).ToArray();
        for (var index = 0; index < 256; index++)
        {
            var value = (ulong)index;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? (value >> 1) ^ Polynomial : value >> 1;
            }

            tables[0][index] = value;
        }

        for (var index = 0; index < 256; index++)
        {
            for (var slice = 1; slice < Slices; slice++)
            {
                tables[slice][index] = tables[0][(byte)tables[slice - 1][index]] ^ (tables[slice - 1][index] >> 8);
            }
        }

        return tables;
    }
}
