using System.Net;
using System.Net.Sockets;
using OpsRunbook.Engine.Endpoints.Dns;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Endpoints;

public sealed class DnsTests
{
    [SkippableTheory]
    [InlineData("www.example.test", DnsRecordType.A, "192.0.2.10")]
    [InlineData("WWW.Example.Test.", DnsRecordType.A, "192.0.2.10")]
    [InlineData("www.example.test", DnsRecordType.AAAA, "2001:db8::10")]
    [InlineData("alias.example.test", DnsRecordType.A, "192.0.2.10")]
    [InlineData("alias.example.test", DnsRecordType.CNAME, "www.example.test")]
    [InlineData("example.test", DnsRecordType.MX, "10 mail.example.test")]
    [InlineData("example.test", DnsRecordType.TXT, "v=spf1 -all")]
    [InlineData("192.0.2.10", DnsRecordType.PTR, "www.example.test")]
    [InlineData("2001:db8::10", DnsRecordType.PTR, "www.example.test")]
    public async Task Reads_the_records_of_a_real_server(string name, DnsRecordType type, string value)
    {
        var server = await Servers.DnsAsync();
        var result = Assert.Single(await RunAsync(name, type, [server.Address]));
        Assert.Equal([value], result.Values);
        Assert.Equal(HealthStatus.Healthy, result.Status);
        Assert.Equal(TimeSpan.FromSeconds(60), result.Ttl);
        Assert.Equal(server.Address, result.Resolver);
    }

    [SkippableFact]
    public async Task Answers_that_are_none_are_told_apart()
    {
        var server = await Servers.DnsAsync();
        Assert.Equal((HealthStatus.Critical, "Dns.NameUnknown"), await ReasonAsync("nope.example.test", server.Address));
        Assert.Equal((HealthStatus.Critical, "Dns.NoData"), await ReasonAsync("example.test", server.Address));
        Assert.Equal((HealthStatus.Unknown, "Dns.Refused"), await ReasonAsync("example.org", server.Address));
        using var silent = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal((HealthStatus.Unknown, "Dns.Timeout"), await ReasonAsync("www.example.test", silent.Client.LocalEndPoint!.ToString()!));
        await using var failing = new FakeResolver((question, _) => FakeResolver.Header(question, code: 2));
        Assert.Equal((HealthStatus.Critical, "Dns.ServerFailure"), await ReasonAsync("www.example.test", failing.Address));
    }

    [SkippableFact]
    public async Task Expected_values_are_compared()
    {
        var server = await Servers.DnsAsync();
        async Task<(HealthStatus, string?)> Expect(string name, DnsRecordType type, params string[] expected)
        {
            var result = Assert.Single(await RunAsync(name, type, [server.Address], expected));
            return (result.Status, result.Reason);
        }

        Assert.Equal((HealthStatus.Healthy, null), await Expect("www.example.test", DnsRecordType.A, "192.0.2.10"));
        Assert.Equal((HealthStatus.Healthy, null), await Expect("www.example.test", DnsRecordType.AAAA, "2001:0DB8:0::10"));
        Assert.Equal((HealthStatus.Healthy, null), await Expect("example.test", DnsRecordType.TXT, "v=spf1*"));
        Assert.Equal((HealthStatus.Critical, "Dns.Unexpected"), await Expect("www.example.test", DnsRecordType.A, "192.0.2.11"));
        Assert.Equal((HealthStatus.Critical, "Dns.Unexpected"), await Expect("www.example.test", DnsRecordType.A, "192.0.2.10", "192.0.2.11"));
    }

    [SkippableFact]
    public async Task Values_beyond_the_expected_ones_are_a_warning()
    {
        await using var server = await Servers.NewDnsAsync("--host-record=two.example.test,192.0.2.1", "--host-record=two.example.test,192.0.2.2");
        var result = Assert.Single(await RunAsync("two.example.test", DnsRecordType.A, [server.Address], ["192.0.2.1"]));
        Assert.Equal((HealthStatus.Warning, "Dns.Unexpected"), (result.Status, result.Reason));
        Assert.Contains("192.0.2.2", result.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Resolvers_that_differ_from_the_others_are_marked()
    {
        var current = await Servers.DnsAsync();
        await using var same = await Servers.NewDnsAsync("--host-record=www.example.test,192.0.2.10");
        await using var old = await Servers.NewDnsAsync("--host-record=www.example.test,192.0.2.99");
        var three = await RunAsync("www.example.test", DnsRecordType.A, [current.Address, old.Address, same.Address]);
        Assert.Equal([HealthStatus.Healthy, HealthStatus.Warning, HealthStatus.Healthy], three.Select(result => result.Status));
        Assert.Equal("Dns.Differs", three[1].Reason);
        Assert.Contains("192.0.2.10", three[1].Message, StringComparison.Ordinal);

        var two = await RunAsync("www.example.test", DnsRecordType.A, [current.Address, old.Address]);
        Assert.All(two, result => Assert.Equal("Dns.Differs", result.Reason));
    }

    [SkippableFact]
    public async Task An_answer_that_does_not_fit_is_fetched_over_tcp()
    {
        var texts = Enumerable.Range(0, 30).Select(i => $"--txt-record=big.example.test,{new string((char)('a' + (i % 26)), 200)}{i}").ToArray();
        await using var server = await Servers.NewDnsAsync(texts);
        var result = Assert.Single(await RunAsync("big.example.test", DnsRecordType.TXT, [server.Address]));
        Assert.Equal(30, result.Values.Count);
    }

    [Fact]
    public async Task Forged_answers_are_passed_over_and_a_lost_question_is_asked_again()
    {
        var questions = 0;
        await using var server = new FakeResolver((question, send) =>
        {
            questions++;
            if (questions == 1)
            {
                return null;
            }

            var wrongId = FakeResolver.Answer(question, [6, 6, 6, 6]);
            wrongId[0] ^= 0xff;
            send(wrongId);
            var wrongName = FakeResolver.Answer(question, [6, 6, 6, 6]);
            wrongName[13] = (byte)'x';
            send(wrongName);
            send([1, 2, 3]);
            return FakeResolver.Answer(question, [192, 0, 2, 1]);
        });
        var result = Assert.Single(await RunAsync("www.example.test", DnsRecordType.A, [server.Address], timeout: TimeSpan.FromSeconds(6)));
        Assert.Equal(["192.0.2.1"], result.Values);
        Assert.Equal(2, questions);
    }

    [Fact]
    public async Task A_server_older_than_edns_is_asked_without()
    {
        await using var server = new FakeResolver((question, _) =>
            question[11] == 1 ? FakeResolver.Header(question, code: 1) : FakeResolver.Answer(question, [192, 0, 2, 1]));
        Assert.Equal(["192.0.2.1"], Assert.Single(await RunAsync("www.example.test", DnsRecordType.A, [server.Address])).Values);
    }

    [Fact]
    public async Task Damaged_answers_end_as_unknown()
    {
        // A name that points to itself, one that ends nowhere, and a record that is longer than the message.
        foreach (var tail in new byte[][] { [0xc0, 0x1f], [63, 1, 2], [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0xff, 0xff, 1] })
        {
            await using var server = new FakeResolver((question, _) =>
            {
                var answer = FakeResolver.Header(question, code: 0);
                answer[7] = 1;
                byte[] message = [.. answer, .. tail];
                if (tail[0] == 0xc0 && tail.Length == 2)
                {
                    message[^1] = (byte)(message.Length - 2);
                }

                return message;
            });
            Assert.Equal((HealthStatus.Unknown, "Dns.ProtocolError"), await ReasonAsync("www.example.test", server.Address));
        }
    }

    [Fact]
    public async Task A_name_that_cannot_be_one_is_an_error_and_the_others_are_asked()
    {
        await using var server = new FakeResolver((question, _) => FakeResolver.Answer(question, [192, 0, 2, 1]));
        var output = new RecordedOutput();
        var names = new[] { new string('a', 64) + ".test", "a..b", "www.example.test", "with space.test" };
        await DnsTest.RunAsync(new DnsTestRequest(names) { Resolvers = [server.Address] }, output, CancellationToken.None);
        Assert.Equal(["Dns.NameInvalid", "Dns.NameInvalid", "Dns.NameInvalid"], output.Errors.Select(error => error.Id));
        Assert.Single(output.Items);
    }

    [Fact]
    public void The_machines_resolvers_are_read()
    {
        var addresses = DnsResolvers.FromConfiguration(["# nameserver 9.9.9.9", "search a.b", "nameserver 192.0.2.53", " nameserver\t2001:db8::53 # x", "nameserver junk"]);
        Assert.Equal(["192.0.2.53", "2001:db8::53"], addresses.Select(address => address.ToString()));
    }

    private static async Task<(HealthStatus Status, string? Reason)> ReasonAsync(string name, string resolver)
    {
        var result = Assert.Single(await RunAsync(name, DnsRecordType.A, [resolver], timeout: TimeSpan.FromSeconds(1)));
        return (result.Status, result.Reason);
    }

    private static async Task<List<DnsRecordResult>> RunAsync(
        string name,
        DnsRecordType type,
        string[] resolvers,
        string[]? expected = null,
        TimeSpan? timeout = null)
    {
        var output = new RecordedOutput();
        var request = new DnsTestRequest([name]) { Types = [type], Resolvers = resolvers, Expected = expected ?? [], Timeout = timeout ?? TimeSpan.FromSeconds(5) };
        await DnsTest.RunAsync(request, output, CancellationToken.None);
        Assert.Empty(output.Errors);
        return output.Items.Cast<DnsRecordResult>().ToList();
    }

    /// <summary>Answers datagrams as the test says.</summary>
    private sealed class FakeResolver : IAsyncDisposable
    {
        private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
        private readonly Task _serving;

        public FakeResolver(Func<byte[], Action<byte[]>, byte[]?> answer) => _serving = ServeAsync(answer);

        public string Address => _socket.Client.LocalEndPoint!.ToString()!;

        /// <summary>Header and question of an answer without records.</summary>
        public static byte[] Header(byte[] question, byte code)
        {
            var end = Array.IndexOf(question, (byte)0, 12) + 5;
            var answer = question[..end];
            answer[2] = 0x81;
            answer[3] = code;
            answer[11] = 0;
            return answer;
        }

        public static byte[] Answer(byte[] question, byte[] address, int ttl = 60)
        {
            var answer = Header(question, 0);
            answer[7] = 1;
            return [.. answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, (byte)ttl, 0, 4, .. address];
        }

        public async ValueTask DisposeAsync()
        {
            _socket.Dispose();
            await _serving;
        }

        private async Task ServeAsync(Func<byte[], Action<byte[]>, byte[]?> answer)
        {
            try
            {
                while (true)
                {
                    var received = await _socket.ReceiveAsync();
                    var reply = answer(received.Buffer, message => _socket.Send(message, received.RemoteEndPoint));
                    if (reply is not null)
                    {
                        await _socket.SendAsync(reply, received.RemoteEndPoint);
                    }
                }
            }
            catch (Exception error) when (error is ObjectDisposedException or SocketException)
            {
                // The test has ended.
            }
        }
    }
}
