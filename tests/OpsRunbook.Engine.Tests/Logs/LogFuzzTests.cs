using System.Text;
using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Measuring;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Tests.Logs;

public sealed class LogFuzzTests
{
    private const int Lines = 1_000_000;

    private static readonly LogFormat[] Formats =
    [
        JsonFormat.Instance, AccessFormat.Instance, RedisFormat.Instance, MySqlSlowFormat.Instance, PostgresCsvFormat.Instance,
        PostgresFormat.Instance, WebErrorFormat.Instance, MySqlErrorFormat.Instance, SyslogFormat.Instance, PlainFormat.WithTime, PlainFormat.Instance,
    ];

    [Fact]
    public void A_million_mutated_lines_never_throw()
    {
        // Every sample of the format tests and what the others may be, mutated, given to the format it is of and to a second one.
        var samples = LogFormatTests.Samples.Select(row => Encoding.UTF8.GetBytes((string)((object[])row)[1]!)).ToList();
        Parallel.For(0, Environment.ProcessorCount, worker =>
        {
            var random = new Random(20260123 + worker);
            var clock = new LogClock(DateTime.UtcNow, TimeZoneInfo.Local);
            var pattern = new byte[PatternFolder.Longest * 2];
            for (var i = worker; i < Lines; i += Environment.ProcessorCount)
            {
                var record = Mutate(samples[i % samples.Count], random);
                var format = Formats[i % Formats.Length];
                try
                {
                    _ = format.StartsRecord(record);
                    _ = format.RecordLength(record);
                    _ = format.LastRecordStart(record);
                    var head = format.ReadHead(record, clock, out var isForeign);
                    _ = PatternFolder.Fold(head.Message(record), pattern);
                    if (!isForeign)
                    {
                        format.ReadFields(record, head, new LogFields());
                        _ = LogFormat.MessageText(record, head);
                    }
                }
                catch (Exception error)
                {
                    throw new InvalidOperationException($"{format.Name} on line {i}: {Encoding.Latin1.GetString(record)}", error);
                }
            }
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Scanning_in_parts_finds_the_same_records_as_in_one(int seed)
    {
        var random = new Random(seed);
        var text = new MemoryStream();
        for (var i = 0; i < 3000; i++)
        {
            text.Write(Encoding.UTF8.GetBytes(random.Next(6) switch
            {
                0 => "    at trace (x:1)\r\n",
                1 => "\n",
                2 => $"2026-01-23T10:30:00Z ERROR {new string('e', random.Next(300))}\n",
                _ => $"2026-01-23T10:30:00Z INFO line {i}\n",
            }));
        }

        var bytes = text.ToArray();
        var format = PlainFormat.WithTime;
        var whole = Scan(bytes, format, null, bytes.Length);
        var errors = new LiteralSet(["error"], ignoreCase: true);
        foreach (var size in new[] { 1000, 777, 64, 8 })
        {
            Assert.Equal(whole, Scan(bytes, format, null, size));
            Assert.Equal(whole.Where(record => record.Contains("ERROR", StringComparison.Ordinal)), Scan(bytes, format, errors, size));
        }
    }

    private static List<string> Scan(byte[] bytes, LogFormat format, LiteralSet? prefilter, int partSize)
    {
        var visitor = new Collector(bytes);
        for (var start = 0; start < bytes.Length; start += partSize)
        {
            new RecordScanner(format, prefilter).Scan(new MemoryBytes(bytes, bytes.Length), start, Math.Min(bytes.Length, start + partSize), visitor, CancellationToken.None);
        }

        return visitor.Records;
    }

    private static byte[] Mutate(byte[] sample, Random random)
    {
        var bytes = new List<byte>(sample);
        for (var change = random.Next(1, 5); change > 0; change--)
        {
            var at = random.Next(bytes.Count + 1);
            switch (random.Next(6))
            {
                case 0:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 1 when bytes.Count > 0:
                    bytes[Math.Min(at, bytes.Count - 1)] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at));
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4:
                    bytes.Insert(at, "\"\\[]{}:,\n\r\t #<>-"u8[random.Next(16)]);
                    break;
                default:
                    bytes.InsertRange(at, sample.AsSpan(random.Next(sample.Length)).ToArray());
                    break;
            }
        }

        return [.. bytes];
    }

    private sealed class Collector(byte[] bytes) : IRecordVisitor
    {
        public List<string> Records { get; } = [];

        public bool CountsLines => true;

        public void Visit(ReadOnlySpan<byte> record, long offset, long line, bool isCut)
        {
            Assert.False(isCut);
            Assert.True(bytes.AsSpan((int)offset).StartsWith(record));
            Records.Add(Encoding.UTF8.GetString(record));
        }
    }
}
