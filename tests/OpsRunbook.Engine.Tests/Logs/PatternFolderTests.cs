using System.Text;
using OpsRunbook.Engine.Logs.Measuring;

namespace OpsRunbook.Engine.Tests.Logs;

public sealed class PatternFolderTests
{
    [Theory]
    [InlineData("user 42 took 12.5ms", "user <num> took <num>ms")]
    [InlineData("id 33bd1e1d-b940-557e-a231-5bca50f186dc gone", "id <uuid> gone")]
    [InlineData("connect ECONNREFUSED 10.0.0.1:5432", "connect ECONNREFUSED <ip>:<num>")]
    [InlineData("from ::1 and 2001:db8::7 at 10:30:00", "from <ip> and <ip> at <num>:<num>:<num>")]
    [InlineData("commit 1a2b3c4d5e6f and 0xDEADbeef1", "commit <hex> and <hex>")]
    [InlineData("relation \"users\" and 'x y' don't", "relation <str> and <str> don't")]
    [InlineData("mail to ann.b+c@mail.example.com bounced", "mail to <email> bounced")]
    [InlineData("mail <user42@example.com>, next", "mail <<email>>, next")]
    [InlineData("cannot read /srv/data/12/file-3.json: denied", "cannot read <path>: denied")]
    [InlineData("GET https://api.example.com/v1/users/42?x=1 failed", "GET https://api.example.com<path> failed")]
    [InlineData("24/7 and/or 1/2", "<num>/<num> and/or <num>/<num>")]
    [InlineData("user_42 job-7 v2", "user_<num> job-<num> v<num>")]
    [InlineData("a1b2c3x9 token", "<id> token")]
    [InlineData("@ alone and x@y", "@ alone and x@y")]
    [InlineData("first\nsecond 42", "first")]
    [InlineData("", "")]
    public void What_varies_is_folded(string message, string pattern)
    {
        var result = new byte[PatternFolder.Longest * 2];

        var length = PatternFolder.Fold(Encoding.UTF8.GetBytes(message), result);

        Assert.Equal(pattern, Encoding.UTF8.GetString(result, 0, length));
    }
}
