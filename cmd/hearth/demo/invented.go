package demo

import (
	"errors"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
)

func rejected(err error) bool {
	_, ok := errors.AsType[*domain.Rejection](err)
	return ok
}

var handlingOrgs = []string{"jc-cq", "jc-zz", "jc-gp", "jc-cq", "jc-yc", "jc-zz"}

var channels = []complaint.Channel{
	complaint.ChannelHotline, complaint.ChannelHotline, complaint.ChannelWalkIn, complaint.ChannelHotline, complaint.ChannelWeb,
	complaint.ChannelWarning, complaint.ChannelHotline, complaint.ChannelMobilePoint,
}

// The enterprises are invented; any likeness of a name is chance.
var enterpriseList = []enterprise.Register{
	firm("晋城市朗润建筑劳务有限公司", "jc-cq", "建筑业", 160), firm("泽州县禾丰机械制造有限公司", "jc-zz", "制造业", 240),
	firm("高平市云岭食品加工有限公司", "jc-gp", "制造业", 95), firm("晋城市太岳市政工程有限公司", "jc-cq", "建筑业", 310),
	firm("阳城县砚山陶瓷有限公司", "jc-yc", "制造业", 420), firm("陵川县松涛旅游开发有限公司", "jc-lc", "住宿餐饮", 60),
	firm("沁水县河谷煤层气服务有限公司", "jc-qs", "采矿业", 180), firm("晋城开发区启明电子有限公司", "jc-kf", "制造业", 880),
	firm("泽州县鼎石钢结构有限公司", "jc-zz", "建筑业", 130), firm("晋城市和顺物业服务有限公司", "jc-cq", "物业", 210),
	firm("高平市丹河装饰工程有限公司", "jc-gp", "建筑业", 75), firm("阳城县东岭运输有限公司", "jc-yc", "交通运输", 50),
	firm("晋城市青禾家政服务有限公司", "jc-cq", "居民服务", 40), firm("泽州县连坡石料厂", "jc-zz", "采矿业", 35),
	firm("晋城市恒岳幕墙工程有限公司", "jc-kf", "建筑业", 145), firm("高平市锦程服装有限公司", "jc-gp", "制造业", 260),
	firm("沁水县柿庄养殖有限公司", "jc-qs", "农林牧渔", 30), firm("晋城市北石店饭店", "jc-cq", "住宿餐饮", 45),
	firm("晋城市通汇商贸有限公司", "jc-cq", "批发零售", 65), firm("陵川县古郊中药材有限公司", "jc-lc", "制造业", 55),
}

func firm(name, county, industry string, headcount int) enterprise.Register {
	return enterprise.Register{Name: name, County: county, Industry: industry, Ownership: "private", Headcount: headcount}
}

var summaries = []string{
	"在工地干木工,从春天做到完工,只发过一次生活费,项目部说工程款没下来,工人多次讨要未果。",
	"厂里停产后最后三个月工资没有发,负责人电话打不通,机器设备已被拉走一部分。",
	"做外墙保温,按平方计价,结算单已签字,包工头说总包不给钱,几个班组都没有拿到。",
	"饭店转让,老板没有结清服务员和后厨的工资,新老板不认。",
	"物业公司换了管理方,保安和保洁两个月工资没有着落,加班费也没有算。",
	"跑运输的司机每月押一个月工资,离职后押金和工资都不给。",
	"临近年关,项目部发不出工资,三十多名工友聚在项目部门口,情绪激动。",
	"签的是劳务公司合同,工资由劳务公司代发,劳务公司说总包没有拨人工费。",
	"试用期满被辞退,工资按最低标准结,少发了绩效和一个月的加班费。",
	"工伤后在家休养,单位停发工资,也没有办理工伤认定。",
}

var (
	surnames = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "郭", "何", "马", "常", "牛", "原", "司", "焦", "申", "毋", "靳"}
	given    = []string{"建军", "国庆", "小平", "秀兰", "志刚", "海霞", "永强", "春梅", "保全", "玉珍", "文杰", "晓东", "红卫", "改花", "满仓", "二旦", "向阳", "雪琴", "福来", "𠮷祥", "拴柱", "丽萍", "广林", "爱国", "喜梅"}
)
