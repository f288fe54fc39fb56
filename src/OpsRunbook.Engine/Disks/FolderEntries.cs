using System.Buffers.Binary;

namespace OpsRunbook.Engine.Disks;

/// <summary>The entries of a folder as <see cref="NativeFiles.ReadEntries"/> gives them, without the folder itself and the one above.</summary>
/// <param name="entries"><c>struct linux_dirent64</c>, one after the other.</param>
internal ref struct FolderEntries(ReadOnlySpan<byte> entries)
{
    public const byte UnknownType = 0;
    public const byte FolderType = 4;
    public const byte RegularType = 8;

    private const int LengthOffset = 16;
    private const int TypeOffset = 18;
    private const int NameOffset = 19;

    private ReadOnlySpan<byte> _rest = entries;

    /// <summary>Kind of the entry, where the file system says.</summary>
    public byte Type { get; private set; }

    /// <summary>Its name, ending with NUL.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Goes to the next entry.</summary>
    /// <returns>False at the end.</returns>
    public bool Next()
    {
        while (!_rest.IsEmpty)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(_rest[LengthOffset..]);
            Type = _rest[TypeOffset];
            var name = _rest[NameOffset..length];
            Name = name[..(name.IndexOf((byte)0) + 1)];
            _rest = _rest[length..];
            if (!Name.SequenceEqual(".\0"u8) && !Name.SequenceEqual("..\0"u8))
            {
                return true;
            }
        }

        return false;
    }
}
