using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace OpsRunbook.Fixtures;

/// <summary>Documents of MongoDB's protocol (BSON 1.1) as JSON: types that JSON has not are Extended JSON, such as <c>{"$numberLong": "1"}</c>.</summary>
internal static class Bson
{
    public static byte[] Write(JsonObject document)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        WriteDocument(writer, document);
        return stream.ToArray();
    }

    public static JsonObject Read(BinaryReader reader)
    {
        reader.ReadInt32();
        var document = new JsonObject();
        while (reader.ReadByte() is var type and not 0)
        {
            document[ReadName(reader)] = ReadValue(reader, type);
        }

        return document;
    }

    private static void WriteDocument(BinaryWriter writer, JsonNode document)
    {
        var start = writer.BaseStream.Position;
        writer.Write(0);
        var members = document is JsonArray list
            ? list.Select((value, at) => KeyValuePair.Create(at.ToString(CultureInfo.InvariantCulture), value))
            : document.AsObject();
        foreach (var (name, value) in members)
        {
            WriteMember(writer, name, value);
        }

        writer.Write((byte)0);
        var end = writer.BaseStream.Position;
        writer.BaseStream.Position = start;
        writer.Write((int)(end - start));
        writer.BaseStream.Position = end;
    }

    private static void WriteMember(BinaryWriter writer, string name, JsonNode? value)
    {
        switch (value)
        {
            case null:
                Head(0x0a);
                break;
            case JsonObject typed when typed["$numberLong"] is { } whole:
                Head(0x12);
                writer.Write(long.Parse(whole.GetValue<string>(), CultureInfo.InvariantCulture));
                break;
            case JsonObject typed when typed["$date"] is { } moment:
                Head(0x09);
                writer.Write((long)(moment.GetValue<DateTime>().ToUniversalTime() - DateTime.UnixEpoch).TotalMilliseconds);
                break;
            case JsonObject typed when typed["$oid"] is { } number:
                Head(0x07);
                writer.Write(Convert.FromHexString(number.GetValue<string>()));
                break;
            case JsonObject typed when typed["$binary"] is { } binary:
                var bytes = Convert.FromBase64String(binary["base64"]!.GetValue<string>());
                Head(0x05);
                writer.Write(bytes.Length);
                writer.Write(Convert.ToByte(binary["subType"]!.GetValue<string>(), 16));
                writer.Write(bytes);
                break;
            case JsonObject or JsonArray:
                Head(value is JsonArray ? (byte)0x04 : (byte)0x03);
                WriteDocument(writer, value);
                break;
            case JsonValue scalar when scalar.TryGetValue<bool>(out var flag):
                Head(0x08);
                writer.Write(flag);
                break;
            case JsonValue scalar when scalar.TryGetValue<string>(out var text):
                var encoded = Encoding.UTF8.GetBytes(text);
                Head(0x02);
                writer.Write(encoded.Length + 1);
                writer.Write(encoded);
                writer.Write((byte)0);
                break;
            default:
                var real = double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);
                if (real == Math.Truncate(real) && Math.Abs(real) <= int.MaxValue)
                {
                    Head(0x10);
                    writer.Write((int)real);
                }
                else
                {
                    Head(0x01);
                    writer.Write(real);
                }

                break;
        }

        void Head(byte type)
        {
            writer.Write(type);
            writer.Write(Encoding.UTF8.GetBytes(name + "\0"));
        }
    }

    private static string ReadName(BinaryReader reader)
    {
        var bytes = new List<byte>();
        while (reader.ReadByte() is var next and not 0)
        {
            bytes.Add(next);
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static JsonNode? ReadValue(BinaryReader reader, byte type) => type switch
    {
        0x01 => JsonValue.Create(reader.ReadDouble()),
        0x02 => JsonValue.Create(Encoding.UTF8.GetString(reader.ReadBytes(reader.ReadInt32())[..^1])),
        0x03 => Read(reader),
        0x04 => new JsonArray([.. Read(reader).Select(pair => pair.Value?.DeepClone())]),
        0x05 => ReadBinary(reader),
        0x07 => new JsonObject { ["$oid"] = Convert.ToHexString(reader.ReadBytes(12)) },
        0x08 => JsonValue.Create(reader.ReadBoolean()),
        0x09 => new JsonObject { ["$date"] = DateTime.UnixEpoch.AddMilliseconds(reader.ReadInt64()) },
        0x0a => null,
        0x10 => JsonValue.Create(reader.ReadInt32()),
        0x11 => new JsonObject { ["$timestamp"] = JsonValue.Create(reader.ReadInt64()) },
        0x12 => JsonValue.Create(reader.ReadInt64()),
        _ => throw new InvalidDataException($"The double does not know the BSON type {type}."),
    };

    private static JsonObject ReadBinary(BinaryReader reader)
    {
        var length = reader.ReadInt32();
        var kind = reader.ReadByte();
        return new JsonObject { ["$binary"] = new JsonObject { ["base64"] = Convert.ToBase64String(reader.ReadBytes(length)), ["subType"] = kind.ToString("x2", CultureInfo.InvariantCulture) } };
    }
}
