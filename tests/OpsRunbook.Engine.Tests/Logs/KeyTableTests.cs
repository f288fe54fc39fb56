using System.Text;
using OpsRunbook.Engine.Logs.Measuring;

namespace OpsRunbook.Engine.Tests.Logs;

public sealed class KeyTableTests
{
    [Fact]
    public void Every_key_has_its_own_entry_whatever_its_length()
    {
        var random = new Random(3);
        var table = new KeyTable<AccessCount>(20_000, key => new AccessCount(key));
        var expected = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var i = 0; i < 50_000; i++)
        {
            // Few different bytes, so that keys share beginnings and ends.
            var key = Enumerable.Range(0, random.Next(40)).Select(_ => (byte)random.Next(2)).Select(value => value == 0 ? (byte)0 : (byte)'a').Take(random.Next(41)).ToArray();
            var text = Encoding.Latin1.GetString(key);
            expected[text] = expected.GetValueOrDefault(text) + 1;
            table.Get(key, out var isNew).Add(200, 1, -1);
            Assert.Equal(expected[text] == 1, isNew && table.Others is null);
            if (expected.Count == 19_000)
            {
                break;
            }
        }

        Assert.Equal(expected, table.Entries.ToDictionary(entry => Encoding.Latin1.GetString(entry.Key), entry => entry.Requests, StringComparer.Ordinal));
        Assert.All(expected, pair => Assert.Equal(pair.Value, table.Find(Encoding.Latin1.GetBytes(pair.Key))!.Requests));
        Assert.Null(table.Find("not there"u8));
    }

    [Fact]
    public void Clients_that_are_counted_some_at_a_time_are_all_counted()
    {
        var random = new Random(4);
        var counts = new AccessCounts();
        var expected = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var i = 0; i < 10_007; i++)
        {
            var client = random.Next(3) switch { 0 => "::1", 1 => $"203.0.113.{random.Next(256)}", _ => $"2001:db8:0:0:0:0:{random.Next(100):x}:{random.Next(100):x}" };
            expected[client] = expected.GetValueOrDefault(client) + 1;
            counts.AddClient(Encoding.ASCII.GetBytes(client), 200, 1);
        }

        Assert.Equal(expected, counts.Clients.Entries.ToDictionary(entry => Encoding.ASCII.GetString(entry.Key), entry => entry.Requests, StringComparer.Ordinal));
    }

    [Fact]
    public void More_keys_than_fit_share_one_entry()
    {
        var table = new KeyTable<AccessCount>(3, key => new AccessCount(key));
        for (var i = 0; i < 10; i++)
        {
            table.Get(Encoding.ASCII.GetBytes($"key {i}"), out _).Add(200, 0, -1);
        }

        Assert.Equal((3, 7L), (table.Count, table.Others!.Requests));
    }
}
